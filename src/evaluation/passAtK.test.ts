/** pass@k against its definition: the share of all draws of k attempts that hold a right one. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { passAtK } from './index.ts';

/** Binomial coefficient, exactly. */
function choose(n: number, k: number): bigint {
  let value = 1n;
  for (let i = 1; i <= k; i++) value = (value * BigInt(n - k + i)) / BigInt(i);
  return k > n ? 0n : value;
}

const counts = fc
  .integer({ min: 1, max: 300 })
  .chain((n) => fc.tuple(fc.constant(n), fc.integer({ min: 0, max: n }), fc.integer({ min: 1, max: n })));

it('equals 1 - C(n-c, k) / C(n, k)', () => {
  fc.assert(
    fc.property(counts, ([n, c, k]) => {
      const scale = 10n ** 18n;
      const wrong = Number((choose(n - c, k) * scale) / choose(n, k)) / 1e18;
      expect(passAtK(n, c, k)).toBeCloseTo(1 - wrong, 12);
    }),
    { seed: 1 },
  );
});

it('equals the share over every choice of k attempts', () => {
  const right = [true, false, false, true, false, false];
  let hits = 0;
  let draws = 0;
  for (let set = 0; set < 64; set++) {
    const picked = right.filter((_, i) => set & (1 << i));
    if (picked.length !== 3) continue;
    draws++;
    if (picked.includes(true)) hits++;
  }
  expect(passAtK(6, 2, 3)).toBeCloseTo(hits / draws, 15);
});

it('is c/n at k = 1, grows with k, and keeps its ends', () => {
  expect(passAtK(200, 31, 1)).toBeCloseTo(31 / 200, 15);
  expect(passAtK(10, 0, 10)).toBe(0);
  expect(passAtK(10, 10, 1)).toBe(1);
  expect(passAtK(10, 1, 10)).toBe(1);
  expect(passAtK(1_000_000, 1, 500_000)).toBeCloseTo(0.5, 12);
  for (let k = 2; k <= 20; k++) expect(passAtK(20, 3, k)).toBeGreaterThanOrEqual(passAtK(20, 3, k - 1));
});

it('refuses counts that make no sense, by name', () => {
  expect(() => passAtK(0, 0, 1)).toThrow('n is 0, expected an integer in 1..');
  expect(() => passAtK(4, 5, 1)).toThrow('c is 5, expected an integer in 0..4');
  expect(() => passAtK(4, 1, 5)).toThrow('k is 5, expected an integer in 1..4');
  expect(() => passAtK(4, 0.5, 1)).toThrow('c is 0.5');
});
