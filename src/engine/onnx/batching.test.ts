import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { batchRows, bucketLength, nextPowerOfTwo } from './batching.ts';

const lengths = fc.array(fc.integer({ min: 1, max: 2000 }), { maxLength: 80 });
const limit = fc.integer({ min: 1, max: 20_000 });

describe('bucketLength', () => {
  it('makes room for the tokens and wastes little', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10_000 }), (tokens) => {
        const length = bucketLength(tokens);
        expect(length).toBeGreaterThanOrEqual(tokens);
        expect(length - tokens).toBeLessThan(tokens <= 128 ? 16 : tokens <= 512 ? 64 : 256);
        expect(bucketLength(length)).toBe(length);
      }),
    );
  });

  it('has few values', () => {
    const values = new Set(Array.from({ length: 4096 }, (_, i) => bucketLength(i + 1)));
    expect(values.size).toBe(8 + 4 + 6 + 14);
  });
});

it.each([
  [0, 1],
  [1, 1],
  [2, 2],
  [3, 4],
  [64, 64],
  [65, 128],
])('nextPowerOfTwo(%i) is %i', (n, power) => {
  expect(nextPowerOfTwo(n)).toBe(power);
});

describe('batchRows', () => {
  it('takes every sequence once', () => {
    fc.assert(
      fc.property(lengths, limit, (lengths, limit) => {
        const taken = batchRows(lengths, limit).flatMap(({ indices }) => indices);
        expect([...taken].sort((a, b) => a - b)).toEqual(lengths.map((_, i) => i));
      }),
    );
  });

  it('keeps to the limit wherever one sequence fits, and gives every sequence room', () => {
    fc.assert(
      fc.property(lengths, limit, (lengths, limit) => {
        for (const { indices, rows, length } of batchRows(lengths, limit)) {
          if (rows > 1) expect(rows * length).toBeLessThanOrEqual(limit);
          expect(rows).toBe(nextPowerOfTwo(indices.length));
          expect(length).toBeGreaterThanOrEqual(Math.max(...indices.map((i) => lengths[i])));
          expect(length).toBe(bucketLength(length));
        }
      }),
    );
  });

  it('fills runs: equal sequences take as many rows at once as the limit allows', () => {
    const sizes = [1, 2, 4, 8, 16, 32, 64];
    for (let rows = 1; rows < 80; rows++) {
      const [first] = batchRows(new Array(100).fill(16), 16 * rows + 15);
      expect(first.rows).toBe(Math.max(...sizes.filter((n) => n <= rows)));
      expect(first.indices.length).toBe(first.rows);
    }
  });

  it('depends on the lengths alone: their order changes which rows meet, not the shapes', () => {
    fc.assert(
      fc.property(lengths, limit, (lengths, limit) => {
        const shapes = (of: readonly number[]) =>
          batchRows(of, limit).map(({ indices, rows, length }) => [rows, length, indices.length]);
        expect(shapes([...lengths].reverse())).toEqual(shapes(lengths));
      }),
    );
  });

  it('pads no more than one batch for all would, or one for each padded length', () => {
    const cost = (of: readonly { rows: number; length: number }[]) =>
      of.reduce((sum, { rows, length }) => sum + rows * length + 1024, 0);
    fc.assert(
      fc.property(lengths, (lengths) => {
        const ours = cost(batchRows(lengths, 1e6));
        const padded = lengths.map(bucketLength);
        const batch = (length: number, count: number) => ({ rows: nextPowerOfTwo(count), length });
        const all = lengths.length === 0 ? [] : [batch(Math.max(...padded), lengths.length)];
        const apart = [...new Set(padded)].map((length) =>
          batch(length, padded.filter((other) => other === length).length),
        );
        expect(ours).toBeLessThanOrEqual(cost(all));
        expect(ours).toBeLessThanOrEqual(cost(apart));
      }),
    );
  });

  it('makes few distinct shapes, however the lengths vary', () => {
    const shapes = new Set<string>();
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 128 }), { minLength: 1, maxLength: 64 }), (lengths) => {
        for (const { rows, length } of batchRows(lengths, 2048)) shapes.add(`${rows}x${length}`);
      }),
      { numRuns: 300 },
    );
    // 12 lengths, and 7 numbers of rows up to 64.
    expect(shapes.size).toBeLessThanOrEqual(12 * 7);
    expect(shapes.size).toBeGreaterThan(8);
  });
});
