/** Batches: weights of all rows, data of the active ones. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lossWeights } from '../objectives/index.ts';
import { type Row, rowsToBatch, spread } from './index.ts';

const row = (mask: number[], advantage: number, active = true): Row => ({
  tokens: mask.map((_, i) => i),
  mask,
  data: { advantages: spread(advantage, mask) },
  active,
});

describe('rowsToBatch', () => {
  it('weighs active rows as parts of all rows', () => {
    const rowArbitrary = fc.record({
      mask: fc.array(fc.constantFrom(0, 1), { minLength: 2, maxLength: 6 }),
      active: fc.boolean(),
    });
    fc.assert(
      fc.property(
        fc.array(rowArbitrary, { minLength: 1, maxLength: 6 }),
        fc.constantFrom('token-mean', 'sequence-mean', 'sequence-sum', 'constant-length'),
        (rows, aggregation) => {
          const made = rows.map(({ mask, active }) => row(mask, 1, active));
          const batch = rowsToBatch(made, { aggregation, maxLength: 8 });
          const weights = lossWeights(
            rows.map(({ mask }) => mask),
            aggregation,
            { maxLength: 8 },
          );
          const kept = made.flatMap((one, i) => (one.active ? [{ one, weight: weights[i] }] : []));
          expect(batch?.weight ?? []).toEqual(kept.map(({ weight }) => weight));
          expect(batch?.sequences ?? []).toEqual(kept.map(({ one }) => one.tokens));
          expect(batch?.data.advantages ?? []).toEqual(kept.map(({ one }) => one.data.advantages));
        },
      ),
    );
  });

  it('makes no batch of nothing', () => {
    expect(rowsToBatch([], { aggregation: 'token-mean' })).toBeUndefined();
    expect(rowsToBatch([row([0, 1], 0, false)], { aggregation: 'token-mean' })).toBeUndefined();
  });
});

describe('spread', () => {
  it('is the value on the mask and 0 elsewhere', () => {
    expect(Array.from(spread(0.5, [0, 1, 0, 1]))).toEqual([0, 0.5, 0, 0.5]);
  });
});
