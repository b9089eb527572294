import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { largestGap } from '../../nn/testing/fixtures.ts';
import { crossEntropy, grpo, lossWeights, ppoClip } from '../../objectives/index.ts';
import type { Engine, EngineSnapshot, TrainingBatch } from '../index.ts';
import { randomBatch, randomTokens, tinyEngine } from '../testing/engines.ts';
import { createOnnxEngine, type OnnxEngineOptions } from './index.ts';

const engines: Engine[] = [];
async function engineOf(name = 'llama', options: Partial<OnnxEngineOptions> = {}): Promise<Engine> {
  const engine = await tinyEngine(name, options);
  engines.push(engine);
  return engine;
}
afterEach(() => {
  for (const engine of engines.splice(0)) engine.dispose();
});

const ADAM = { learningRate: 1e-2, maxGradNorm: 1, weightDecay: 0.01 };
const LORA = { rank: 2, alpha: 4, targets: ['q_proj', 'down_proj'] };
const ROWS = [8, 20].map((length, i) => randomTokens(length, 'rows', i));
/** A snapshot's facts, and digests of its arrays: equal if and only if every bit is. */
const bitsOf = ({ arrays, facts }: EngineSnapshot) => ({
  facts,
  ...Object.fromEntries(
    Object.entries(arrays).map(([name, x]) => [name, createHash('sha256').update(x).digest('hex')]),
  ),
});
const weightsOf = (engine: Engine) => engine.snapshot().arrays.parameters;

/** One step as the loop takes it: groups sampled, the share of even tokens as reward, one clipped update. */
async function step(engine: Engine, index: number): Promise<void> {
  const prompts = [4, 11].map((length, i) => randomTokens(length, 'step', index, i));
  const groups = await engine.sample(
    prompts.map((prompt, i) => ({ prompt, n: 4, seed: 10 * index + i })),
    { maxTokens: 10, temperature: 1 },
  );
  const attempts = groups.flatMap((samples, i) => {
    const rewards = samples.map(({ tokens }) => tokens.filter((id) => id % 2 === 0).length / tokens.length);
    const mean = rewards.reduce((a, b) => a + b) / rewards.length;
    return samples.map((sample, k) => ({ prompt: prompts[i], sample, advantage: rewards[k] - mean }));
  });
  const perToken = (value: (attempt: (typeof attempts)[number], t: number) => number) =>
    attempts.map((attempt) => [
      ...attempt.prompt.map(() => 0),
      ...attempt.sample.tokens.map((_, t) => value(attempt, t)),
    ]);
  const mask = perToken(() => 1);
  const batch: TrainingBatch = {
    sequences: attempts.map(({ prompt, sample }) => [...prompt, ...sample.tokens]),
    mask,
    weight: lossWeights(mask, 'token-mean'),
    data: {
      advantages: perToken(({ advantage }) => advantage),
      oldLogprobs: perToken(({ sample }, t) => sample.logprobs[t]),
    },
  };
  await engine.forwardBackward(batch, grpo());
  await engine.optimStep(ADAM);
}

async function steps(engine: Engine, from: number, to: number): Promise<Engine> {
  for (let i = from; i < to; i++) await step(engine, i);
  return engine;
}

describe('determinism', () => {
  it.each([
    ['all weights', {}],
    ['adapters', { lora: LORA, seed: 3 }],
  ])('the same seed gives the same bits after 5 steps, training %s', async (_, options) => {
    const [one, two] = [
      await steps(await engineOf('llama', options), 0, 5),
      await engineOf('llama', options),
    ];
    const before = weightsOf(two);
    await steps(two, 0, 5);
    expect(bitsOf(two.snapshot())).toEqual(bitsOf(one.snapshot()));
    expect(largestGap(before, weightsOf(one))).toBeGreaterThan(1e-3);
    expect(one.weightsVersion).toBe(5);
  });

  it('a restored engine goes on to the same bits as one that never stopped', async () => {
    const whole = await steps(await engineOf(), 0, 2);
    const saved = structuredClone(whole.snapshot());
    await steps(whole, 2, 4);
    const resumed = await engineOf();
    resumed.restore(saved);
    expect(resumed.weightsVersion).toBe(2);
    await steps(resumed, 2, 4);
    expect(bitsOf(resumed.snapshot())).toEqual(bitsOf(whole.snapshot()));
    whole.restore(saved);
    expect(bitsOf(whole.snapshot())).toEqual(bitsOf(saved));
    await steps(whole, 2, 4);
    expect(bitsOf(whole.snapshot())).toEqual(bitsOf(resumed.snapshot()));
  });

  it('a snapshot stays as it was while training goes on', async () => {
    const engine = await engineOf();
    const saved = engine.snapshot();
    const before = bitsOf(saved);
    await step(engine, 0);
    expect(bitsOf(saved)).toEqual(before);
    expect(bitsOf(engine.snapshot())).not.toEqual(before);
  });
});

describe('optimStep', () => {
  it('counts versions, and samples carry the version that made them', async () => {
    const engine = await engineOf();
    const version = async () => {
      const [[sample]] = await engine.sample([{ prompt: [5], n: 1, seed: 1 }], { maxTokens: 2 });
      return sample.weightsVersion;
    };
    expect(await version()).toBe(0);
    await engine.forwardBackward(randomBatch([9, 20]), grpo());
    const { weightsVersion, gradNorm, skipped } = await engine.optimStep({ learningRate: 1e-3 });
    expect([weightsVersion, skipped]).toEqual([1, false]);
    expect(gradNorm).toBeGreaterThan(0);
    expect(engine.weightsVersion).toBe(1);
    expect(await version()).toBe(1);
  });

  it('refuses to step without a gradient, also twice on one', async () => {
    const engine = await engineOf();
    const message = 'optimStep: no gradient has accumulated; call forwardBackward first';
    await expect(engine.optimStep({ learningRate: 1e-3 })).rejects.toThrow(message);
    await engine.forwardBackward(randomBatch([9, 20]), grpo());
    await engine.optimStep({ learningRate: 1e-3 });
    await expect(engine.optimStep({ learningRate: 1e-3 })).rejects.toThrow(message);
  });

  it('skips a gradient that is not finite, and goes on as if it had never been', async () => {
    const engine = await engineOf();
    const before = bitsOf(engine.snapshot());
    const good = randomBatch([9, 20]);
    const bad = { ...good, weight: good.weight.map((row) => Array.from(row, () => Number.NaN)) };
    await engine.forwardBackward(bad, grpo());
    const result = await engine.optimStep(ADAM);
    expect(result).toEqual({ weightsVersion: 0, gradNorm: Number.NaN, skipped: true });
    expect(bitsOf(engine.snapshot())).toEqual(before);
    await expect(engine.optimStep(ADAM)).rejects.toThrow(/no gradient/);

    const other = await engineOf();
    for (const each of [engine, other]) {
      await each.forwardBackward(good, grpo());
      await each.optimStep(ADAM);
    }
    expect(bitsOf(engine.snapshot())).toEqual(bitsOf(other.snapshot()));
  });

  it('lowers the loss of the batch that it learns', async () => {
    const engine = await engineOf('llama', { valueHead: true });
    const batch = randomBatch([9, 20]);
    const weight = lossWeights(batch.mask, 'token-mean');
    const losses: number[] = [];
    const valueLosses: number[] = [];
    for (let i = 0; i < 12; i++) {
      losses.push((await engine.forwardBackward({ ...batch, weight }, crossEntropy())).loss);
      await engine.optimStep({ learningRate: 1e-2 });
    }
    expect(losses[11]).toBeLessThan(losses[0] - 2);
    for (let i = 0; i < 12; i++) {
      const advantages = batch.sequences.map((row) => row.map(() => 0));
      const result = await engine.forwardBackward(
        { ...batch, weight, data: { ...batch.data, advantages } },
        ppoClip(),
      );
      valueLosses.push(result.metrics.valueLoss);
      await engine.optimStep({ learningRate: 1e-2 });
    }
    expect(valueLosses[11]).toBeLessThan(valueLosses[0] / 2);
  });
});

describe('restore', () => {
  it.each([
    ['another architecture', 'qwen2', {}],
    ['a model with a value head', 'llama', { valueHead: true }],
    ['adapters', 'llama', { lora: LORA }],
  ])('refuses a snapshot of %s', async (_, name, options) => {
    const engine = await engineOf();
    const before = bitsOf(engine.snapshot());
    const other = (await engineOf(name, options)).snapshot();
    expect(() => engine.restore(other)).toThrow(/snapshot is of another model: .*llama/);
    expect(bitsOf(engine.snapshot())).toEqual(before);
  });

  it('tells adapters of equal size apart by what they adapt and how strongly', async () => {
    const engine = await engineOf('llama', { lora: { ...LORA, targets: ['q_proj'] } });
    for (const lora of [
      { ...LORA, targets: ['o_proj'] },
      { ...LORA, targets: ['q_proj'], alpha: 5 },
    ]) {
      const { arrays, facts } = (await engineOf('llama', { lora })).snapshot();
      expect(arrays.parameters.length).toBe(weightsOf(engine).length);
      expect(() => engine.restore({ arrays, facts })).toThrow(/snapshot is of another model/);
    }
  });

  it('refuses a damaged snapshot and keeps what it has', async () => {
    const engine = await steps(await engineOf(), 0, 1);
    const { arrays, facts } = engine.snapshot();
    const before = bitsOf({ arrays, facts });
    const damaged: [EngineSnapshot, RegExp][] = [
      [
        { arrays: { ...arrays, v: arrays.v.slice(1) }, facts },
        /snapshot\.arrays\.v: has \d+ floats, expected/,
      ],
      [
        { arrays: { parameters: arrays.parameters, v: arrays.v }, facts },
        /snapshot\.arrays\.m: has no floats/,
      ],
      [{ arrays: { ...arrays, parameters: new Float32Array(3) }, facts }, /arrays\.parameters: has 3 floats/],
      [{ arrays, facts: { ...facts, optimiserSteps: -1 } }, /stepCount is -1/],
    ];
    for (const [snapshot, message] of damaged) expect(() => engine.restore(snapshot)).toThrow(message);
    expect(bitsOf(engine.snapshot())).toEqual(before);
  });

  it('drops the gradient, and refuses while a call is under way', async () => {
    const engine = await engineOf();
    const snapshot = engine.snapshot();
    const learning = engine.forwardBackward(randomBatch([9, 20]), grpo());
    expect(() => engine.restore(snapshot)).toThrow('restore: another call is under way; await it first');
    await learning;
    engine.restore(snapshot);
    await expect(engine.optimStep(ADAM)).rejects.toThrow(/no gradient/);
  });
});

it('forks weights that stay as they are while training goes on', async () => {
  const engine = await engineOf('llama', { lora: LORA });
  await step(engine, 0);
  const fork = engine.fork();
  const request = { prompt: [5, 6, 7], n: 3, seed: 2 };
  const before = [await engine.forward(ROWS), await engine.sample([request], { maxTokens: 8 })];
  await steps(engine, 1, 4);
  expect([await fork.forward(ROWS), await fork.sample([request], { maxTokens: 8 })]).toEqual(before);
  expect((await engine.forward(ROWS)).logprobs).not.toEqual((await fork.forward(ROWS)).logprobs);
  expect([fork.weightsVersion, engine.weightsVersion]).toEqual([1, 4]);
  fork.dispose();
  expect((await engine.forward(ROWS)).logprobs.length).toBe(2);
});

it('gives every call made at once one version of the weights', async () => {
  const engine = await engineOf();
  await engine.forwardBackward(randomBatch([9, 20]), grpo());
  const request = { prompt: [5, 6, 7], n: 3, seed: 2 };
  const [before, , after] = await Promise.all([
    engine.sample([request], { maxTokens: 20 }),
    engine.optimStep({ learningRate: 0.05 }),
    engine.sample([request], { maxTokens: 20 }),
  ]);
  expect(before[0].map(({ weightsVersion }) => weightsVersion)).toEqual([0, 0, 0]);
  expect(after[0].map(({ weightsVersion }) => weightsVersion)).toEqual([1, 1, 1]);
  expect(await engine.sample([request], { maxTokens: 20 })).toEqual(after);
});

it('exports a folder that gives the same model, and stays as it is', async () => {
  const engine = await steps(await engineOf('llama', { lora: LORA, valueHead: true }), 0, 2);
  const folder = await mkdtemp(join(tmpdir(), 'burnish-'));
  try {
    const before = [bitsOf(engine.snapshot()), await engine.forward(ROWS, { values: true })];
    await engine.export(folder);
    expect([bitsOf(engine.snapshot()), await engine.forward(ROWS, { values: true })]).toEqual(before);
    expect((await readdir(folder)).sort()).toEqual([
      'config.json',
      'model.safetensors',
      'tokenizer.json',
      'tokenizer_config.json',
    ]);
    const loaded = await createOnnxEngine({ model: folder, valueHead: true });
    engines.push(loaded);
    const ours = await engine.forward(ROWS);
    const theirs = await loaded.forward(ROWS);
    ROWS.forEach((_, i) => {
      expect(largestGap(theirs.logprobs[i], ours.logprobs[i])).toBeLessThan(1e-5);
    });
  } finally {
    await rm(folder, { recursive: true });
  }
});
