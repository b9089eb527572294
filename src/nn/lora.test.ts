import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { rng } from '../random/index.ts';
import { AdamW } from './adamw.ts';
import { LORA_TARGETS, type LoraConfig, loraNames, mergeLora } from './lora.ts';
import {
  evaluate,
  expected,
  fixtureFolder,
  type LoraFixture,
  largestGap,
  lossGradients,
} from './testing/fixtures.ts';
import { loadWeights, type ModelWeights, saveWeights } from './weights.ts';

const ROWS = [
  [5, 6, 7, 8, 9, 10],
  [90, 80, 70, 60, 50, 40],
];
const lora: LoraConfig = { rank: 4, alpha: 8, targets: [...LORA_TARGETS] };
const folder = fixtureFolder('qwen2');
const copyOf = ({ arena }: ModelWeights) =>
  new Map(arena.slots.map(({ name }) => [name, arena.parameter(name).slice()]));

/** Weights whose adapters do something. */
async function adapted(): Promise<ModelWeights> {
  const weights = await loadWeights(folder, { lora });
  for (const { name } of weights.arena.slots) {
    const draws = rng(3, name);
    if (name.endsWith('lora_B.weight'))
      weights.arena.parameter(name).forEach((_, i, b) => {
        b[i] = 0.1 * draws.normal();
      });
  }
  return weights;
}

describe('fresh adapters', () => {
  it('change nothing', async () => {
    const plain = await evaluate(await loadWeights(folder), ROWS);
    const fresh = await evaluate(await loadWeights(folder, { lora }), ROWS);
    expect(largestGap(fresh.logits, plain.logits)).toBe(0);
  });

  it('start with A uniform in ±1/sqrt(in), as the reference implementation does, and B at 0', async () => {
    const { arena } = await loadWeights(folder, { lora });
    const { a, b } = loraNames('model.layers.1.mlp.down_proj');
    expect(arena.slot(a).shape).toEqual([4, 48]);
    expect(arena.slot(b).shape).toEqual([32, 4]);
    const bound = 1 / Math.sqrt(48);
    const values = arena.parameter(a);
    expect(Math.max(...values.map(Math.abs))).toBeLessThan(bound);
    const variance = values.reduce((sum, v) => sum + v * v, 0) / values.length;
    expect(variance / (bound ** 2 / 3)).toBeGreaterThan(0.8);
    expect(variance / (bound ** 2 / 3)).toBeLessThan(1.2);
    expect(arena.parameter(b).every((v) => v === 0)).toBe(true);
  });
});

describe('mergeLora', () => {
  it('gives the adapted forward without the adapters', async () => {
    const weights = await adapted();
    const before = await evaluate(weights, ROWS);
    const plain = await evaluate(await loadWeights(folder), ROWS);
    expect(largestGap(before.logits, plain.logits)).toBeGreaterThan(0.1);
    mergeLora(weights.arena, lora);
    const merged = await evaluate({ ...weights, lora: undefined }, ROWS);
    expect(largestGap(merged.logits, before.logits)).toBeLessThan(1e-5);
  });

  it('is taken back by -1 up to one rounding of each weight', async () => {
    const weights = await adapted();
    const original = copyOf(weights);
    mergeLora(weights.arena, lora);
    const merged = copyOf(weights);
    mergeLora(weights.arena, lora, -1);
    let changed = 0;
    for (const [name, before] of original) {
      const between = merged.get(name) as Float32Array;
      weights.arena.parameter(name).forEach((value, i) => {
        if (between[i] !== before[i]) changed++;
        const unit = 2 ** -23 * Math.max(Math.abs(between[i]), Math.abs(before[i]));
        expect(Math.abs(value - before[i])).toBeLessThanOrEqual(unit);
      });
    }
    expect(changed).toBeGreaterThan(1000);
  });
});

describe('against PEFT', () => {
  const fixture = expected<LoraFixture>('lora');
  const { rank, alpha, targets } = fixture;
  const load = async () => {
    const weights = await loadWeights(fixtureFolder('llama'), { lora: { rank, alpha, targets } });
    const names = weights.arena.slots.map(({ name }) => name).filter((name) => name.includes('lora_'));
    expect(fixture.adapters.map(({ name }) => name).sort()).toEqual(names.sort());
    for (const { name, shape, data } of fixture.adapters) {
      expect(weights.arena.slot(name).shape).toEqual(shape);
      weights.arena.parameter(name).set(data);
    }
    return weights;
  };

  it('computes the same logits and loss', async () => {
    const ours = await evaluate(await load(), fixture.inputIds);
    expect(largestGap(ours.logits, fixture.logits.data)).toBeLessThan(1e-4);
    expect(Math.abs(ours.loss[0] - fixture.loss)).toBeLessThan(1e-5);
  });

  it('computes the same gradients, of the adapters only', async () => {
    const gradients = await lossGradients(await load(), fixture.inputIds);
    expect(Object.keys(gradients).sort()).toEqual(fixture.gradients.map(({ name }) => name).sort());
    for (const { name, data } of fixture.gradients)
      expect(largestGap(gradients[name], data), name).toBeLessThan(1e-4);
  });

  it('merges to the same weights', async () => {
    const weights = await load();
    mergeLora(weights.arena, { rank, alpha, targets });
    for (const { name, data } of fixture.merged)
      expect(largestGap(weights.arena.parameter(name), data), name).toBeLessThan(1e-6);
  });
});

it('adapts an untied head too: the forward without it, merged, is the adapted one', async () => {
  const head: LoraConfig = { rank: 2, alpha: 4, targets: ['lm_head'] };
  const weights = await loadWeights(fixtureFolder('llama'), { lora: head });
  const plain = await evaluate(weights, ROWS);
  weights.arena.parameter('lm_head.lora_B.weight').forEach((_, i, b) => {
    b[i] = Math.sin(i);
  });
  const changed = await evaluate(weights, ROWS);
  expect(largestGap(changed.logits, plain.logits)).toBeGreaterThan(0.1);
  mergeLora(weights.arena, head);
  const merged = await evaluate({ ...weights, lora: undefined }, ROWS);
  expect(largestGap(merged.logits, changed.logits)).toBeLessThan(1e-5);
  await expect(loadWeights(fixtureFolder('llama-tied'), { lora: head })).rejects.toThrow("named 'lm_head'");
});

it('leaves the base as it is, to the bit, when adapters train', async () => {
  const weights = await adapted();
  const before = copyOf(weights);
  for (const [name, gradient] of Object.entries(await lossGradients(weights, ROWS)))
    weights.arena.gradient(name).set(gradient);
  new AdamW(weights.arena).step({ learningRate: 0.01, weightDecay: 0.1 });
  for (const [name, values] of before) {
    const gap = largestGap(weights.arena.parameter(name), values);
    if (name.includes('lora_')) expect(gap, name).toBeGreaterThan(1e-3);
    else expect(gap, name).toBe(0);
  }
});

it('saves a merged model and leaves the weights in memory as they are, to the bit', async () => {
  const weights = await adapted();
  const before = copyOf(weights);
  const saved = await mkdtemp(join(tmpdir(), 'burnish-'));
  try {
    await saveWeights(weights, saved);
    for (const [name, values] of before)
      expect(largestGap(weights.arena.parameter(name), values), name).toBe(0);
    const loaded = await evaluate(await loadWeights(saved), ROWS);
    expect(largestGap(loaded.logits, (await evaluate(weights, ROWS)).logits)).toBeLessThan(1e-5);
  } finally {
    await rm(saved, { recursive: true });
  }
});

it.each([
  [{ rank: 0 }, /lora\.rank: got 0, expected a positive integer/],
  [{ alpha: Number.NaN }, /lora\.alpha: got NaN, expected a finite number above 0/],
  [{ targets: [] }, /lora\.targets: is empty, expected some of q_proj/],
  [
    { targets: ['q_proj', 'query'] },
    /lora\.targets: no linear layer is named 'query', expected some of q_proj/,
  ],
  [{ targets: ['embed_tokens'] }, /lora\.targets: no linear layer is named 'embed_tokens'/],
])('refuses %j', async (change, message) => {
  await expect(loadWeights(folder, { lora: { ...lora, ...change } })).rejects.toThrow(message);
});
