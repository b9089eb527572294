/** For tests: random ragged batches whose ratios keep clear of the places where a loss has a kink. */
import { lossWeights } from '../aggregation.ts';
import type { Batch } from './evaluate.ts';

/** Candidates a token of random batches. */
export const CANDIDATES = 5;

/** What a seeded stream (src/random) draws. */
interface Draws {
  uniform(): number;
  normal(): number;
  int(n: number): number;
  choice<T>(items: readonly T[]): T;
}

/** float32 values, so that both sides of a comparison see the same numbers. */
function rows(random: Draws, shape: readonly [number, number], scale: number, shift = 0): number[][] {
  return Array.from({ length: shape[0] }, () =>
    Array.from({ length: shape[1] }, () => Math.fround(random.normal() * scale + shift)),
  );
}

/** B rows of T tokens with about three in four inside the mask, at least one a row. */
export function randomBatch(random: Draws, rowsCount = 4, length = 6): Batch {
  const shape = [rowsCount, length] as const;
  const mask = Array.from({ length: rowsCount }, () => {
    const row = Array.from({ length }, () => (random.uniform() < 0.75 ? 1 : 0));
    row[random.int(length)] = 1;
    return row;
  });
  const logprobs = rows(random, shape, 0.5, -1.5);
  const near = (scale: number) =>
    rows(random, shape, scale).map((row, i) => row.map((d, t) => Math.fround(logprobs[i][t] + d)));
  const batch = {
    logprobs,
    entropy: rows(random, shape, 0.2, 1),
    values: rows(random, shape, 0.5),
    mask,
    weight: lossWeights(mask, random.choice(['token-mean', 'sequence-mean', 'sequence-sum'] as const)),
    data: {
      advantages: rows(random, shape, 1),
      oldLogprobs: near(0.4),
      referenceLogprobs: near(0.5),
      samplerLogprobs: near(0.4),
      oldValues: rows(random, shape, 0.5),
      returns: rows(random, shape, 1),
    },
  };
  const candidates = batch.mask.map(() => rows(random, [length, CANDIDATES], 0.5, -1.5));
  const hits = rows(random, shape, 0.2, 0.5);
  const side = batch.mask.map((row, i) => row.map(() => (i % 2 === 0 ? 1 : -1)));
  const partnerLogRatio = rows(random, shape, 1);
  return { ...batch, candidates, data: { ...batch.data, hits, side, partnerLogRatio } };
}
