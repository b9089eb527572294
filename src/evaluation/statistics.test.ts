/** Means, spreads, medians and Wilson's interval against closed forms and published figures. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { mean, median, quantile, standardDeviation, wilsonInterval } from './index.ts';

it('mean, median and standard deviation of known lists', () => {
  expect(mean([1, 2, 6])).toBe(3);
  expect(median([5, 1, 3])).toBe(3);
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(median([10, 9, 2])).toBe(9);
  expect(standardDeviation([2, 4, 4, 4, 5, 5, 7, 9])).toBeCloseTo(Math.sqrt(32 / 7), 14);
  expect(standardDeviation([1e9 + 1, 1e9 + 2, 1e9 + 3])).toBe(1);
  // Of 1..n: (n + 1) / 2 and sqrt(n (n + 1) / 12).
  const upTo100 = Array.from({ length: 100 }, (_, i) => i + 1);
  expect(mean(upTo100)).toBe(50.5);
  expect(standardDeviation(upTo100)).toBeCloseTo(Math.sqrt((100 * 101) / 12), 12);
});

it('quantiles interpolate and keep the ends', () => {
  expect([0, 0.25, 0.5, 1].map((p) => quantile([10, 20, 30], p))).toEqual([10, 15, 20, 30]);
  expect(quantile([-Infinity, -Infinity, 3], 0.25)).toBe(-Infinity);
});

it('shifting and scaling a list shifts and scales its statistics', () => {
  const list = fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 2, maxLength: 20 });
  fc.assert(
    fc.property(list, fc.integer({ min: -5, max: 5 }), (values, factor) => {
      const moved = values.map((value) => factor * value + 3);
      expect(mean(moved)).toBeCloseTo(factor * mean(values) + 3, 8);
      expect(median(moved)).toBeCloseTo(factor * median(values) + 3, 8);
      expect(standardDeviation(moved)).toBeCloseTo(Math.abs(factor) * standardDeviation(values), 8);
    }),
    { seed: 1 },
  );
});

it('refuses lists that are too short', () => {
  expect(() => mean([])).toThrow('mean: 0 values, expected at least 1');
  expect(() => median([])).toThrow('median: 0 values');
  expect(() => standardDeviation([1])).toThrow('standardDeviation: 1 values, expected at least 2');
  expect(() => quantile([1], 1.5)).toThrow('p is 1.5, expected 0..1');
});

it("Wilson's interval equals the figures of Newcombe (1998, table I)", () => {
  const rows: [number, number, number, number][] = [
    [81, 263, 0.2553, 0.3662],
    [15, 148, 0.0624, 0.1605],
    [0, 20, 0, 0.1611],
    [1, 29, 0.0061, 0.1718],
  ];
  for (const [successes, n, low, high] of rows) {
    const interval = wilsonInterval(successes, n);
    expect(interval.estimate).toBe(successes / n);
    expect(interval.low).toBeCloseTo(low, 4);
    expect(interval.high).toBeCloseTo(high, 4);
  }
});

it("Wilson's interval mirrors, and its ends solve the score equation", () => {
  for (const [confidence, z] of [
    [0.5, 0.6744897501960817],
    [0.95, 1.959963984540054],
    [0.999, 3.290526731491894],
  ]) {
    const { low, high } = wilsonInterval(7, 31, confidence);
    const mirror = wilsonInterval(24, 31, confidence);
    expect(mirror.low).toBeCloseTo(1 - high, 14);
    for (const end of [low, high])
      expect(Math.abs(7 / 31 - end) / Math.sqrt((end * (1 - end)) / 31)).toBeCloseTo(z, 10);
  }
  expect(wilsonInterval(5, 5)).toMatchObject({ estimate: 1, high: 1 });
  expect(wilsonInterval(0, 5).low).toBe(0);
  expect(() => wilsonInterval(6, 5)).toThrow('successes is 6, expected an integer in 0..5');
  expect(() => wilsonInterval(0, 0)).toThrow('n is 0');
  expect(() => wilsonInterval(1, 2, 1)).toThrow('confidence is 1');
});
