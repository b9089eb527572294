/** Anytime curves, regret and token efficiency against areas worked out by hand. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  accuracyAtBudget,
  cumulativeRegret,
  normalisedRegret,
  tokenEfficiency,
  tokensToReach,
} from './index.ts';

const curve = [
  { tokens: 10, accuracy: 0.2 },
  { tokens: 20, accuracy: 0.8 },
];

describe('normalisedRegret', () => {
  it('is one minus the area of the trapezoids: interpolated inside, flat after the last point', () => {
    // 10·0.1 + 10·0.5 = 6; then 0.8 flat.
    expect(normalisedRegret(curve, 20)).toBeCloseTo(1 - 6 / 20, 14);
    expect(normalisedRegret(curve, 40)).toBeCloseTo(1 - (6 + 16) / 40, 14);
    expect(normalisedRegret(curve, 15)).toBeCloseTo(1 - (1 + 5 * 0.35) / 15, 14);
    expect(normalisedRegret([...curve].reverse(), 40)).toBe(normalisedRegret(curve, 40));
  });

  it('is 1 for a model that is never right, and falls to b/2C for one right from b tokens on', () => {
    expect(normalisedRegret([], 50)).toBe(1);
    expect(normalisedRegret([{ tokens: 6, accuracy: 1 }], 60)).toBeCloseTo(6 / 120, 14);
  });

  it('never rises when an answer gets better', () => {
    const point = fc.record({
      tokens: fc.integer({ min: 1, max: 99 }),
      accuracy: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(
        fc.array(point, { minLength: 1 }),
        fc.nat(),
        fc.integer({ min: 1, max: 150 }),
        (points, at, budget) => {
          const i = at % points.length;
          const better = points.map((one) =>
            one.tokens === points[i].tokens ? { ...one, accuracy: 1 } : one,
          );
          expect(normalisedRegret(better, budget)).toBeLessThanOrEqual(
            normalisedRegret(points, budget) + 1e-12,
          );
        },
      ),
    );
  });

  it('refuses what is out of range', () => {
    expect(() => normalisedRegret(curve, 0)).toThrow('budget is 0');
    expect(() => normalisedRegret([{ tokens: -1, accuracy: 0 }], 5)).toThrow('tokens is -1');
    expect(() => accuracyAtBudget([{ tokens: 1, accuracy: 1.5 }], 5)).toThrow('accuracy is 1.5');
  });
});

it('accuracyAtBudget follows the curve from the origin', () => {
  expect([5, 10, 15, 20, 99].map((tokens) => accuracyAtBudget(curve, tokens))).toEqual([
    0.1, 0.2, 0.5, 0.8, 0.8,
  ]);
});

it('cumulativeRegret adds up what is missing to the comparator', () => {
  expect(cumulativeRegret([0.25, 0.5, 1])).toBeCloseTo(1.25, 14);
  expect(cumulativeRegret([0.25, 0.5], [0.5, 1])).toBeCloseTo(0.75, 14);
  expect(() => cumulativeRegret([1], [1, 1])).toThrow('1 values and 2 comparators');
});

describe('token efficiency', () => {
  const slow = [
    { tokens: 0, accuracy: 0 },
    { tokens: 100, accuracy: 0.5 },
  ];
  const fast = [
    { tokens: 0, accuracy: 0 },
    { tokens: 40, accuracy: 0.4 },
    { tokens: 80, accuracy: 0.3 },
  ];

  it('is the ratio of the first tokens at the accuracy both reach', () => {
    expect(tokensToReach(slow, 0.25)).toBe(50);
    expect(tokensToReach(slow, 0.6)).toBeUndefined();
    expect(tokensToReach([{ tokens: 7, accuracy: 0.9 }], 0.5)).toBe(7);
    const found = tokenEfficiency(slow, fast);
    expect(found).toMatchObject({ accuracy: 0.4, candidateTokens: 40 });
    expect(found?.ratio).toBeCloseTo(2, 14);
    expect(tokenEfficiency(slow, fast, 0.2)?.ratio).toBeCloseTo(2, 14);
    expect(tokenEfficiency(slow, fast, 0.45)).toBeUndefined();
  });

  it('refuses curves without points and ratios by 0', () => {
    expect(() => tokensToReach([], 0.5)).toThrow('no points');
    expect(() => tokenEfficiency(slow, [{ tokens: 0, accuracy: 1 }], 0.1)).toThrow('no ratio');
  });
});
