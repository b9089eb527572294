import { describe, expect, it } from 'vitest';
import fixture from './fixtures/model-configs.json' with { type: 'json' };
import { parseModelConfig } from './hf-config.ts';
import { inverseFrequencies, modelConfigSchema, parameterCount, parameterShapes } from './model-config.ts';

describe.each(fixture.cases)('$name', ({ config: json, parameters, inverseFrequencies: frequencies }) => {
  const config = parseModelConfig(json);

  it("has transformers' tensors, in its order", () => {
    expect(parameterShapes(config)).toEqual(parameters);
    const count = parameters.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b), 0);
    expect(parameterCount(config)).toBe(count);
  });

  it("has transformers' rotary frequencies, to the precision of its f32", () => {
    const ours = inverseFrequencies(config);
    expect(ours.length).toBe(frequencies.length);
    ours.forEach((frequency, i) => {
      expect(Math.abs(frequency / frequencies[i] - 1)).toBeLessThan(1e-6);
    });
  });
});

it('scales frequencies in all three of the ranges of llama3', () => {
  const json = fixture.cases[1].config;
  const scaled = inverseFrequencies(parseModelConfig({ ...json, head_dim: 64 }));
  const plain = inverseFrequencies(
    parseModelConfig({ ...json, head_dim: 64, rope_parameters: { rope_theta: 500000 } }),
  );
  const ratios = [...scaled].map((frequency, i) => frequency / plain[i]);
  expect(ratios[0]).toBe(1);
  expect(ratios.at(-1)).toBeCloseTo(1 / 8, 12);
  expect(ratios.some((ratio) => ratio > 0.126 && ratio < 0.999)).toBe(true);
});

describe('modelConfigSchema', () => {
  const valid = parseModelConfig(fixture.cases[0].config);
  it.each([
    [{ kvHeads: 3 }, /expected a divisor of heads, 4/],
    [{ headDim: 7 }, /headDim/],
    [{ layers: 0 }, /layers/],
    [{ qkNorm: true }, /expected true for qwen3, false otherwise/],
    [{ architecture: 'qwen2' }, /expected true for qwen2/],
    [{ outputBias: true }, /expected false with qkvBias false/],
    [{ width: 3 }, /width/],
  ])('refuses %j', (change, message) => {
    expect(modelConfigSchema.parse(valid)).toEqual(valid);
    expect(() => modelConfigSchema.parse({ ...valid, ...change })).toThrow(message);
  });
});
