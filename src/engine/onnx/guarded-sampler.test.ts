import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CHECKPOINTS } from '../../nn/testing/fixtures.ts';
import { grpo } from '../../objectives/index.ts';
import type { Sample } from '../../types/index.ts';
import type { Engine, SampleRequest } from '../engine.ts';
import { randomBatch, randomTokens, tinyEngine } from '../testing/engines.ts';

const requests: SampleRequest[] = [5, 1, 16, 9, 30].map((length, i) => ({
  prompt: randomTokens(length, 'prompt', i),
  n: 1 + (i % 3),
  seed: 100 + i,
}));
const other: SampleRequest[] = [{ prompt: randomTokens(7, 'other'), n: 3, seed: 3 }];
const params = { maxTokens: 12, stopTokens: [] };
const int8 = { precision: 'int8' } as const;

const tokensOf = (results: Sample[][]) => results.map((samples) => samples.map(({ tokens }) => tokens));

async function learn(engine: Engine): Promise<void> {
  await engine.forwardBackward(randomBatch([20, 9]), grpo());
  await engine.optimStep({ learningRate: 0.01 });
}

/** Mean |log π at sampling - log π by forward| over decoded tokens. */
async function gapOf(engine: Engine, results: Sample[][]): Promise<number> {
  const rows = requests.flatMap(({ prompt }, i) =>
    results[i].map((sample) => ({ sample, start: prompt.length, tokens: [...prompt, ...sample.tokens] })),
  );
  const { logprobs } = await engine.forward(rows.map(({ tokens }) => tokens));
  const gaps = rows.flatMap(({ sample, start }, i) =>
    [...sample.logprobs].slice(1).map((x, t) => Math.abs(x - logprobs[i][start + t + 1])),
  );
  return gaps.reduce((a, b) => a + b, 0) / gaps.length;
}

describe.each(CHECKPOINTS)('int8 decoding of %s', (name) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await tinyEngine(name, { decoding: int8 });
  });
  afterAll(() => engine.dispose());

  it('stays near float32, and is reported', async () => {
    expect(engine.samplingPrecision).toBeUndefined();
    const results = await engine.sample(requests, params);
    const report = engine.samplingPrecision;
    expect(report).toMatchObject({ precision: 'int8', largestGap: 0.05 });
    // Of 9 completions all are in the probe.
    expect(report?.gap).toBeCloseTo(await gapOf(engine, results), 6);
    expect(report?.gap).toBeGreaterThan(1e-5);
    expect(report?.gap).toBeLessThan(0.05);
  });

  it('gives a request the same tokens whatever else is in the batch', async () => {
    const together = tokensOf(await engine.sample(requests, params));
    for (const [i, request] of requests.entries())
      expect(tokensOf(await engine.sample([request], params))).toEqual([together[i]]);
  });
});

describe('where the gap is too large', () => {
  it('draws are those of float32, also of the versions after', async () => {
    const engine = await tinyEngine('llama', { decoding: { ...int8, largestGap: 1e-9 } });
    const plain = await tinyEngine('llama');
    for (let version = 0; version < 3; version++) {
      const counts: number[] = [];
      const results = await engine.sample(requests, params, { onTokens: (n) => counts.push(n) });
      expect(results).toEqual(await plain.sample(requests, params));
      expect(engine.samplingPrecision).toMatchObject({ precision: 'float32', largestGap: 1e-9 });
      // The first time all was drawn twice; later a trial, which nobody hears of, comes before.
      expect(counts.filter((n) => n === 9 * 12).length).toBe(version === 0 ? 2 : 1);
      await learn(engine);
      await learn(plain);
    }
    engine.dispose();
    plain.dispose();
  });

  it('reduced precision is taken up again where it will do', async () => {
    const engine = await tinyEngine('llama', { decoding: int8 });
    const refused = { temperature: 1, weightsVersion: -1, gap: 1 };
    const { arrays, facts } = engine.snapshot();
    engine.restore({ arrays, facts: { ...facts, decoding: JSON.stringify([refused]) } });
    const results = await engine.sample(requests, params);
    expect(engine.samplingPrecision?.precision).toBe('int8');
    const plain = await tinyEngine('llama', { decoding: int8 });
    expect(results).toEqual(await plain.sample(requests, params));
    engine.dispose();
    plain.dispose();
  });
});

it('each version of the weights is quantised and checked anew, with adapters merged', async () => {
  const lora = { rank: 2, alpha: 8, targets: ['q_proj', 'v_proj', 'up_proj'] };
  const engine = await tinyEngine('qwen2', { decoding: int8, lora });
  await engine.sample(requests, params);
  const before = engine.samplingPrecision?.gap;
  await engine.forwardBackward(randomBatch([20, 9]), grpo());
  await engine.optimStep({ learningRate: 0.05 });
  expect(engine.samplingPrecision).toBeUndefined();
  const results = await engine.sample(requests, params);
  expect(engine.samplingPrecision?.gap).not.toBe(before);
  expect(await gapOf(engine, results)).toBeLessThan(0.05);
  engine.dispose();
});

it('draws follow the distribution that is reported', async () => {
  const engine = await tinyEngine('qwen2', { decoding: int8 });
  const n = 20_000;
  const prompt = randomTokens(9, 'chi-square');
  const [samples] = await engine.sample([{ prompt, n, seed: 4 }], { maxTokens: 2, stopTokens: [] });
  expect(engine.samplingPrecision?.precision).toBe('int8');
  const pairs = new Map<string, { count: number; logprob: number }>();
  for (const { tokens, logprobs } of samples) {
    const logprob = logprobs[0] + logprobs[1];
    const known = pairs.get(tokens.join()) ?? { count: 0, logprob };
    // The same whatever rows were decoded beside it.
    expect(known.logprob).toBe(logprob);
    pairs.set(tokens.join(), { ...known, count: known.count + 1 });
  }
  // Cells by probability, not by what was drawn: a pair expected 40 times is surely seen.
  let statistic = 0;
  let cells = 0;
  const rest = { count: n, p: 1 };
  for (const { count, logprob } of pairs.values()) {
    const p = Math.exp(logprob);
    if (n * p < 40) continue;
    statistic += (count - n * p) ** 2 / (n * p);
    cells++;
    rest.count -= count;
    rest.p -= p;
  }
  statistic += (rest.count - n * rest.p) ** 2 / (n * rest.p);
  expect(cells).toBeGreaterThan(10);
  // The value exceeded with probability 1e-6 (Wilson and Hilferty 1931).
  const critical = cells * (1 - 2 / (9 * cells) + 4.753424 * Math.sqrt(2 / (9 * cells))) ** 3;
  expect(statistic).toBeLessThan(critical);
  engine.dispose();
});

it('goes on from a snapshot as if there had been none', async () => {
  const engine = await tinyEngine('llama', { decoding: int8 });
  const resumed = await tinyEngine('llama', { decoding: int8 });
  await learn(engine);
  await engine.sample(other, params);
  const snapshot = JSON.parse(JSON.stringify(engine.snapshot().facts));
  resumed.restore({ arrays: engine.snapshot().arrays, facts: snapshot });
  const frozen = engine.fork();
  const expected = await engine.sample(requests, params);
  for (const copy of [resumed, frozen]) {
    expect(await copy.sample(requests, params)).toEqual(expected);
    // Not checked again: another draw would have given another gap.
    expect(copy.samplingPrecision).toEqual(engine.samplingPrecision);
  }
  await learn(engine);
  await learn(resumed);
  expect(await resumed.sample(requests, params)).toEqual(await engine.sample(requests, params));
  for (const one of [engine, resumed, frozen]) one.dispose();
});

it('refuses settings out of range, by name', async () => {
  await expect(tinyEngine('llama', { decoding: { precision: 'int4' as 'int8' } })).rejects.toThrow(
    'decoding.precision: got int4, expected float32 or int8',
  );
  await expect(tinyEngine('llama', { decoding: { largestGap: -1 } })).rejects.toThrow(
    'decoding.largestGap: got -1, expected at least 0',
  );
});
