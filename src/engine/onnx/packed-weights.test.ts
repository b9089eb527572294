import { afterEach, describe, expect, it, vi } from 'vitest';
import { CHECKPOINTS, largestGap } from '../../nn/testing/fixtures.ts';
import { crossEntropy } from '../../objectives/index.ts';
import type { Engine, SampleRequest } from '../engine.ts';
import { randomBatch, randomTokens, tinyEngine } from '../testing/engines.ts';
import { ModelPrograms } from './programs.ts';

const REQUESTS: SampleRequest[] = [5, 9, 12].map((length, i) => ({
  prompt: randomTokens(length, 'packed', i),
  n: 2,
  seed: i,
}));
const PARAMS = { maxTokens: 12, stopTokens: [] };

/** Largest difference between what sampling and scoring say of the same tokens. */
async function gapOf(engine: Engine): Promise<number> {
  const samples = await engine.sample(REQUESTS, PARAMS);
  const rows = samples.flatMap((of, i) => of.map(({ tokens }) => [...REQUESTS[i].prompt, ...tokens]));
  const { logprobs } = await engine.forward(rows);
  const gaps = samples
    .flat()
    .map((sample, i) => largestGap(sample.logprobs, logprobs[i].subarray(-PARAMS.maxTokens)));
  return Math.max(...gaps);
}

describe.each(CHECKPOINTS)('weights packed into programs: %s', (name) => {
  afterEach(() => vi.restoreAllMocks());

  it('are those of the engine, before and after they change', async () => {
    const packed = vi.spyOn(ModelPrograms.prototype, 'packedDecode');
    const engine = await tinyEngine(name, { decoding: { pack: true } });
    try {
      for (let call = 0; call < 9; call++) expect(await gapOf(engine)).toBeLessThan(1e-4);
      expect(packed).toHaveBeenCalledTimes(1);
      await engine.forwardBackward(randomBatch([12, 12]), crossEntropy());
      await engine.optimStep({ learningRate: 0.05 });
      for (let call = 0; call < 9; call++) expect(await gapOf(engine)).toBeLessThan(1e-4);
      expect(packed).toHaveBeenCalledTimes(2);
    } finally {
      engine.dispose();
    }
  });

  it('are left alone unless that is asked for', async () => {
    const packed = vi.spyOn(ModelPrograms.prototype, 'packedDecode');
    const engine = await tinyEngine(name);
    try {
      for (let call = 0; call < 9; call++) await engine.sample(REQUESTS, PARAMS);
      expect(packed).not.toHaveBeenCalled();
    } finally {
      engine.dispose();
    }
  });
});
