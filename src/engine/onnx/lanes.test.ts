import { beforeAll, describe, expect, it } from 'vitest';
import { largestGap } from '../../nn/testing/fixtures.ts';
import { configureRuntime } from '../../tensor/index.ts';
import type { SampleRequest } from '../engine.ts';
import { FRESH, randomTokens, TOKENIZER } from '../testing/engines.ts';
import { createOnnxEngine } from './index.ts';
import { shareAny, shareMany } from './lanes.ts';

const PARAMS = { maxTokens: 20, stopTokens: [1, 2, 3, 4] };

describe('lanes of an engine', () => {
  beforeAll(() => {
    configureRuntime({ threads: 2 });
  });

  it('are for batches of many rows that can be halved', () => {
    expect(shareMany(64)).toEqual({ lanes: 2, threads: 'one' });
    for (const rows of [1, 8, 33]) expect(shareMany(rows)).toEqual({ lanes: 1, threads: 'all' });
    for (const rows of [2, 8, 64]) expect(shareAny(1000)(rows)).toEqual({ lanes: 2, threads: 'one' });
    expect(shareAny(1000)(3)).toEqual({ lanes: 1, threads: 'all' });
    expect(shareAny(1000)(1)).toEqual({ lanes: 1, threads: 'one' });
    expect(shareAny(1e9)(1)).toEqual({ lanes: 1, threads: 'all' });
  });

  it('decode what one lane would, while rows leave and their number falls below what lanes are for', async () => {
    const requests: SampleRequest[] = Array.from({ length: 40 }, (_, i) => ({
      prompt: randomTokens(1 + (i % 3), 'lanes', i),
      n: 2,
      seed: i,
    }));
    const engine = await createOnnxEngine({ model: FRESH, tokenizer: TOKENIZER, seed: 3 });
    try {
      const together = await engine.sample(requests, PARAMS);
      const alone = [];
      for (const request of requests.slice(0, 6)) alone.push((await engine.sample([request], PARAMS))[0]);
      alone.forEach((samples, i) => {
        expect(samples.map(({ tokens }) => tokens)).toEqual(together[i].map(({ tokens }) => tokens));
      });
      const rows = together.flatMap((of, i) => of.map(({ tokens }) => [...requests[i].prompt, ...tokens]));
      const { logprobs } = await engine.forward(rows);
      const lengths = together.flat().map(({ tokens }) => tokens.length);
      expect(new Set(lengths).size).toBeGreaterThan(10);
      together.flat().forEach((sample, i) => {
        expect(largestGap(sample.logprobs, logprobs[i].subarray(-lengths[i]))).toBeLessThan(1e-4);
      });
    } finally {
      engine.dispose();
    }
  });
});
