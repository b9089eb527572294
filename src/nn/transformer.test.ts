import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { slice } from '../tensor/index.ts';
import {
  CHECKPOINTS,
  evaluate,
  expected,
  type FixtureVariant,
  fixtureFolder,
  largestGap,
  lossGradients,
  runModel,
} from './testing/fixtures.ts';
import { forwardHidden, headValues } from './transformer.ts';
import { allocateWeights, loadWeights } from './weights.ts';

/** Agreement with transformers that the project promises. */
const TOLERANCE = 1e-4;

/** A checkpoint's weights from one of its files. */
async function load(name: string, file: string) {
  const folder = await mkdtemp(join(tmpdir(), 'burnish-'));
  try {
    await copyFile(join(fixtureFolder(name), 'config.json'), join(folder, 'config.json'));
    await copyFile(join(fixtureFolder(name), file), join(folder, 'model.safetensors'));
    return await loadWeights(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

const variants = CHECKPOINTS.flatMap((name) => {
  const { inputIds, variants } = expected(name);
  return variants.map((variant): [string, string, number[][], FixtureVariant] => [
    name,
    variant.dtype,
    inputIds,
    variant,
  ]);
});

describe.each(variants)('%s in %s, against transformers', (name, _, inputIds, variant) => {
  it('computes the same logits, log-probabilities, entropy and loss', async () => {
    const ours = await evaluate(await load(name, variant.file), inputIds);
    expect(largestGap(ours.logits, variant.logits.data)).toBeLessThan(TOLERANCE);
    expect(largestGap(ours.logprobs, variant.logprobs.data)).toBeLessThan(TOLERANCE);
    expect(largestGap(ours.entropy, variant.entropy.data)).toBeLessThan(TOLERANCE);
    expect(Math.abs(ours.loss[0] - variant.loss)).toBeLessThan(TOLERANCE);
  });
});

describe.each(CHECKPOINTS)('%s', (name) => {
  const { inputIds, variants } = expected(name);

  it("has transformers' gradients of the mean cross-entropy", async () => {
    const gradients = await lossGradients(await loadWeights(fixtureFolder(name)), inputIds);
    const references = variants[0].gradients ?? [];
    expect(references.length).toBe(3);
    for (const { name: parameter, shape, data, reduction } of references) {
      const flat = gradients[parameter];
      const width = flat.length / data.length;
      const ours = data.map((_, i) => flat.subarray(i * width, (i + 1) * width).reduce((a, b) => a + b, 0));
      expect(width, `${parameter} ${shape}`).toBe(reduction === 'none' ? 1 : 32);
      expect(largestGap(ours, data), parameter).toBeLessThan(TOLERANCE);
      expect(
        data.some((g) => Math.abs(g) > 10 * TOLERANCE),
        parameter,
      ).toBe(true);
    }
  });

  it('computes the same for a row whatever follows it and whatever stands beside it', async () => {
    const weights = await loadWeights(fixtureFolder(name));
    const { vocabSize } = weights.config;
    const plain = await evaluate(weights, inputIds);
    for (const padding of [0, 96]) {
      const padded = [...inputIds.map((row) => [...row, ...Array(5).fill(padding)]), Array(16).fill(7)];
      const { logits } = await evaluate(weights, padded);
      inputIds.forEach((ids, row) => {
        const size = ids.length * vocabSize;
        const ours = logits.subarray(row * 16 * vocabSize, row * 16 * vocabSize + size);
        expect(largestGap(ours, plain.logits.subarray(row * size, (row + 1) * size))).toBeLessThan(1e-5);
      });
    }
  });
});

it('lets a token see those before it and none after', async () => {
  const weights = await loadWeights(fixtureFolder('qwen3'));
  const row = [5, 6, 7, 8, 9, 10];
  const { logits } = await evaluate(weights, [row]);
  const { vocabSize } = weights.config;
  const at = (from: Float32Array, t: number) => from.subarray(t * vocabSize, (t + 1) * vocabSize);
  const changed = (await evaluate(weights, [row.with(3, 50)])).logits;
  for (const t of [0, 1, 2]) expect(largestGap(at(changed, t), at(logits, t))).toBeLessThan(1e-5);
  for (const t of [3, 4, 5]) expect(largestGap(at(changed, t), at(logits, t))).toBeGreaterThan(1e-2);
});

it('applies the value head: v = w · h + b', async () => {
  const source = await loadWeights(fixtureFolder('llama'));
  const weights = allocateWeights(source.config, { valueHead: true });
  weights.arena.copyFrom(
    source.arena,
    source.arena.slots.map((slot) => slot.name),
  );
  const head = weights.arena.parameter('value_head.weight');
  head.forEach((_, i) => {
    head[i] = Math.sin(i + 1);
  });
  weights.arena.parameter('value_head.bias')[0] = 0.25;
  const { hidden, values } = await runModel(weights, [[4, 5, 6]], (model, ids) => {
    const hidden = slice(forwardHidden(model, ids), 1, 1, 3);
    return { hidden, values: headValues(model, hidden) };
  });
  expect(values.length).toBe(2);
  values.forEach((value, t) => {
    const direct = head.reduce((sum, w, i) => sum + w * hidden[t * head.length + i], 0.25);
    expect(value).toBeCloseTo(direct, 4);
  });
});
