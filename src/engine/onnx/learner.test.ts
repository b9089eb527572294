import { afterEach, describe, expect, it } from 'vitest';
import { loadWeights } from '../../nn/index.ts';
import { CHECKPOINTS, expected, fixtureFolder, largestGap } from '../../nn/testing/fixtures.ts';
import { crossEntropy, grpo, ppoClip } from '../../objectives/index.ts';
import { mul, sum } from '../../tensor/index.ts';
import type { Engine, Objective, TrainingBatch } from '../index.ts';
import { randomBatch, relativeGap, takeGradient, tinyEngine } from '../testing/engines.ts';
import type { OnnxEngineOptions } from './index.ts';

const engines: Engine[] = [];
async function engineOf(name: string, options: Partial<OnnxEngineOptions> = {}): Promise<Engine> {
  const engine = await tinyEngine(name, options);
  engines.push(engine);
  return engine;
}
afterEach(() => {
  for (const engine of engines.splice(0)) engine.dispose();
});

const LENGTHS = [9, 30, 2, 17, 16, 45, 12];
/** Both halves of a batch, with the weights they have in it. */
function halves({ sequences, mask, weight, data }: TrainingBatch): TrainingBatch[] {
  return [
    [0, 3],
    [3, sequences.length],
  ].map(([from, to]) => ({
    sequences: sequences.slice(from, to),
    mask: mask.slice(from, to),
    weight: weight.slice(from, to),
    data: Object.fromEntries(Object.entries(data).map(([name, rows]) => [name, rows.slice(from, to)])),
  }));
}

describe.each(CHECKPOINTS)('forwardBackward of %s', (name) => {
  it("gives transformers' loss and gradients of the cross-entropy", async () => {
    const { inputIds, variants } = expected(name);
    const engine = await engineOf(name);
    const mask = inputIds.map((ids) => ids.map((_, t) => (t > 0 ? 1 : 0)));
    const weight = mask.map((row) => row.map((m) => m / 20));
    const { loss, metrics } = await engine.forwardBackward(
      { sequences: inputIds, mask, weight, data: {} },
      crossEntropy(),
    );
    expect(Math.abs(loss - variants[0].loss)).toBeLessThan(1e-5);
    expect(Math.abs(metrics.nll - variants[0].loss)).toBeLessThan(1e-5);
    const gradient = await takeGradient(engine);
    const { arena } = await loadWeights(fixtureFolder(name));
    for (const { name: parameter, data } of variants[0].gradients ?? []) {
      const { offset, size } = arena.slot(parameter);
      const width = size / data.length;
      const ours = data.map((_, i) =>
        gradient.subarray(offset + i * width, offset + (i + 1) * width).reduce((a, b) => a + b, 0),
      );
      expect(largestGap(ours, data), parameter).toBeLessThan(1e-4);
    }
  });
});

describe.each([
  ['grpo', grpo({ entropyCoefficient: 0.1 })],
  ['ppo', ppoClip({ entropyCoefficient: 0.1 })],
] as const)('a batch of %s', (_, objective) => {
  it('gives the same loss, metrics and gradient in one part, in many, and over two calls', async () => {
    const batch = randomBatch(LENGTHS);
    const [whole, parted] = [
      await engineOf('qwen3', { valueHead: true }),
      await engineOf('qwen3', { valueHead: true, limits: { learnTokens: 48 } }),
    ];
    const one = await whole.forwardBackward(batch, objective);
    const many = await parted.forwardBackward(batch, objective);
    const gradient = await takeGradient(whole);
    expect(Math.abs(many.loss - one.loss)).toBeLessThan(1e-5);
    expect(Object.keys(one.metrics).length).toBeGreaterThan(2);
    expect(Object.keys(many.metrics)).toEqual(Object.keys(one.metrics));
    for (const [metric, value] of Object.entries(one.metrics))
      expect(Math.abs(many.metrics[metric] - value), metric).toBeLessThan(
        1e-5 * Math.max(1, Math.abs(value)),
      );
    expect(relativeGap(await takeGradient(parted), gradient)).toBeLessThan(1e-5);

    let loss = 0;
    for (const half of halves(batch)) loss += (await whole.forwardBackward(half, objective)).loss;
    expect(Math.abs(loss - one.loss)).toBeLessThan(1e-5);
    const twice = await takeGradient(whole);
    expect(relativeGap(twice, gradient)).toBeLessThan(1e-5);
    expect(twice.some((g) => g !== 0)).toBe(true);
  });

  it('takes no notice of tokens and data outside the mask and of padding', async () => {
    const batch = randomBatch([9, 20]);
    const engine = await engineOf('qwen3', { valueHead: true });
    const { loss } = await engine.forwardBackward(batch, objective);
    const gradient = await takeGradient(engine);
    const outside = Object.entries(batch.data).map(([name, rows]) => [
      name,
      rows.map((row, i) => Float32Array.from(row, (x, t) => (batch.mask[i][t] === 1 ? x : Number.NaN))),
    ]);
    const longer = {
      sequences: batch.sequences.map((row) => [...row, 5]),
      mask: batch.mask.map((row) => [...Array.from(row), 0]),
      weight: batch.weight.map((row) => [...Array.from(row), 0]),
      data: Object.fromEntries(
        outside.map(([name, rows]) => [name, (rows as Float32Array[]).map((row) => [...row, Number.NaN])]),
      ),
    };
    const result = await engine.forwardBackward(longer, objective);
    expect(Math.abs(result.loss - loss)).toBeLessThan(1e-5);
    expect(relativeGap(await takeGradient(engine), gradient)).toBeLessThan(1e-5);
  });
});

it("learns about each token what the objective's scalars say", async () => {
  const scaled: Objective = {
    name: 'scaled',
    key: 'scaled',
    needs: {},
    data: [],
    scalars: ['strength'],
    evaluate: ({ logprobs, weight, share, scalars }) => ({
      loss: mul(sum(mul(logprobs, weight)), scalars.strength),
      metrics: { strength: mul(sum(share), scalars.strength) },
    }),
  };
  const engine = await engineOf('llama');
  const batch = randomBatch([12, 7]);
  const one = await engine.forwardBackward({ ...batch, scalars: { strength: 1 } }, scaled);
  const gradient = await takeGradient(engine);
  const three = await engine.forwardBackward({ ...batch, scalars: { strength: 3 } }, scaled);
  expect(three.loss / one.loss).toBeCloseTo(3, 5);
  expect(three.metrics.strength).toBeCloseTo(3, 5);
  expect(
    relativeGap(
      await takeGradient(engine),
      gradient.map((g) => 3 * g),
    ),
  ).toBeLessThan(1e-5);
});

describe('refuses', () => {
  const good = randomBatch([9, 20]);
  const short = good.mask.map((row) => Array.from(row).slice(1));
  const { advantages, oldLogprobs } = good.data;
  it.each<[string, Partial<TrainingBatch>, RegExp]>([
    ['no sequences', { sequences: [] }, /batch\.sequences: is empty/],
    [
      'a sequence of one token',
      { sequences: [[5], good.sequences[1]] },
      /batch\.sequences\[0\]: has 1 tokens, expected 2 to 64/,
    ],
    [
      'a foreign id',
      { sequences: [good.sequences[0].with(2, 97), good.sequences[1]] },
      /batch\.sequences\[0\]\[2\]: got token id 97/,
    ],
    ['a mask of another length', { mask: short }, /batch\.mask\[0\]: has 8 entries, expected 9/],
    ['weights for other rows', { weight: [good.weight[0]] }, /batch\.weight: has 1 rows, expected 2/],
    [
      'missing data',
      { data: { advantages } },
      /batch\.data\.oldLogprobs: is missing; the objective grpo reads it/,
    ],
    [
      'data of another length',
      { data: { advantages: short, oldLogprobs } },
      /batch\.data\.advantages\[0\]: has 8 entries, expected 9/,
    ],
  ])('%s', async (_, change, message) => {
    const engine = await engineOf('llama');
    await expect(engine.forwardBackward({ ...good, ...change }, grpo())).rejects.toThrow(message);
    await expect(engine.optimStep({ learningRate: 1 })).rejects.toThrow(/no gradient/);
  });

  it('an objective that needs a value head of a model without one', async () => {
    const engine = await engineOf('llama');
    await expect(engine.forwardBackward(good, ppoClip())).rejects.toThrow(
      'the objective ppo-clip needs a value head; make the engine with valueHead: true',
    );
  });

  it('a missing scalar and missing candidates', async () => {
    const engine = await engineOf('llama');
    const objective = { ...grpo(), key: 'more', scalars: ['strength'], needs: { candidates: 2 } };
    await expect(engine.forwardBackward(good, objective)).rejects.toThrow(
      /batch\.scalars\.strength: is missing/,
    );
    const scalars = { strength: 1 };
    await expect(engine.forwardBackward({ ...good, scalars }, objective)).rejects.toThrow(
      /batch\.candidates: is missing/,
    );
  });
});
