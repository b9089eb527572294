/** Beta variates: their moments, their distribution, and what is refused. */
import { describe, expect, it } from 'vitest';
import { betaVariate, rng } from './index.ts';

describe('beta variates', () => {
  it.each([
    [1, 1],
    [2, 5],
    [40, 1],
    [300, 700],
  ])('of (%d, %d) have its mean and variance', (a, b) => {
    const random = rng(3, 'beta', a, b);
    const n = 20_000;
    const draws = Array.from({ length: n }, () => betaVariate(random, a, b));
    expect(draws.every((x) => x >= 0 && x <= 1)).toBe(true);
    const mean = a / (a + b);
    const variance = (a * b) / ((a + b) ** 2 * (a + b + 1));
    const centre = draws.reduce((s, x) => s + x, 0) / n;
    const spread = draws.reduce((s, x) => s + (x - centre) ** 2, 0) / n;
    expect(Math.abs(centre - mean)).toBeLessThan(4 * Math.sqrt(variance / n));
    expect(Math.abs(spread / variance - 1)).toBeLessThan(0.1);
  });

  it('of (2, 2) fill the distribution function evenly', () => {
    const random = rng(4, 'beta');
    const n = 20_000;
    const counts = new Float64Array(10);
    // P(x <= t) = 3 t^2 - 2 t^3.
    for (let i = 0; i < n; i++) {
      const x = betaVariate(random, 2, 2);
      counts[Math.min(9, Math.floor(10 * (3 * x ** 2 - 2 * x ** 3)))]++;
    }
    // Five deviations of a count.
    for (const count of counts) expect(Math.abs(count - n / 10)).toBeLessThan(5 * Math.sqrt(0.09 * n));
  });

  it('refuses what it cannot draw from', () => {
    expect(() => betaVariate(rng(1), 0.5, 1)).toThrow(/a is 0.5/);
    expect(() => betaVariate(rng(1), 2, Number.NaN)).toThrow(/b is NaN/);
  });
});
