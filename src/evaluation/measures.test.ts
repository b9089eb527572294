/** Forgetting, calibration, convergence and trends against closed forms. */
import { describe, expect, it } from 'vitest';
import { rng } from '../random/index.ts';
import {
  brierScore,
  calibrationBins,
  continualFigures,
  convergence,
  crossedBootstrap,
  expectedCalibrationError,
  jensenShannon,
  pairedBootstrap,
  ranks,
  retention,
  shannonEntropy,
  spearman,
  spearmanTrend,
} from './index.ts';

describe('continualFigures', () => {
  const matrix = [
    [0.1, 0.2, 0.3],
    [0.8, Number.NaN, Number.NaN],
    [0.9, 0.7, Number.NaN],
    [0.6, 0.5, 0.4],
  ];

  it('takes the drop from the peak since training, and from the own stage', () => {
    const figures = continualFigures(matrix);
    expect(figures.averageAccuracy).toBeCloseTo(0.5, 14);
    expect(figures.forgetting).toBeCloseTo((0.6 - 0.9 + (0.5 - 0.7)) / 2, 14);
    expect(figures.backwardTransfer).toBeCloseTo((0.6 - 0.8 + (0.5 - 0.7)) / 2, 14);
    expect(figures.learning).toBeCloseTo((0.8 + 0.7 + 0.4) / 3, 14);
    expect(figures.base).toBeCloseTo(0.2, 14);
  });

  it('knows nothing to forget in one task, and refuses other shapes', () => {
    expect(continualFigures([[0.1], [0.4]])).toMatchObject({
      forgetting: 0,
      backwardTransfer: 0,
      learning: 0.4,
    });
    expect(() => continualFigures([[0.1, 0.2]])).toThrow('expected one row more than tasks');
    expect(() => continualFigures([[Number.NaN], [1]])).toThrow('task 1 after stage 0 is NaN');
  });

  it('retention compares untrained skills before and after', () => {
    const { change, kept } = retention([0.5, 1], [0.4, 0.8]);
    expect(change).toBeCloseTo(-0.15, 14);
    expect(kept).toBeCloseTo(0.8, 14);
    expect(() => retention([1], [])).toThrow('1 and 0 skills');
  });
});

describe('calibration', () => {
  it('of a coin called at 0.5: Brier 1/4 and no calibration error', () => {
    expect(brierScore([0.5, 0.5], [0, 1])).toBe(0.25);
    expect(expectedCalibrationError([0.5, 0.5], [0, 1])).toBe(0);
    expect(brierScore([1, 0], [1, 0])).toBe(0);
  });

  it('weighs bins by their counts', () => {
    const p = [0.95, 0.95, 0.95, 0.95, 0.05];
    const y = [1, 1, 0, 0, 0] as const;
    expect(calibrationBins(p, y)).toEqual([
      { count: 1, confidence: 0.05, accuracy: 0 },
      { count: 4, confidence: 0.95, accuracy: 0.5 },
    ]);
    expect(expectedCalibrationError(p, y)).toBeCloseTo(0.8 * 0.45 + 0.2 * 0.05, 12);
    expect(calibrationBins([1, 0.2, 0.1, 0.9], [1, 0, 0, 1], { bins: 2, by: 'count' })).toMatchObject([
      { count: 2, accuracy: 0 },
      { count: 2, accuracy: 1 },
    ]);
    expect(expectedCalibrationError(p, y, { bins: 1 })).toBeCloseTo(Math.abs(0.4 - 0.77), 12);
  });

  it('refuses what is no confidence', () => {
    expect(() => brierScore([1.2], [1])).toThrow('confidence is 1.2');
    expect(() => brierScore([], [])).toThrow('at least one');
    expect(() => calibrationBins([0.5], [1], { bins: 0 })).toThrow('bins is 0');
  });
});

describe('distributions', () => {
  it('entropy is ln n for equal shares and 0 for one kind', () => {
    expect(shannonEntropy([2, 2, 2, 2])).toBeCloseTo(Math.log(4), 14);
    expect(shannonEntropy([0, 5])).toBe(0);
    expect(() => shannonEntropy([0, 0])).toThrow('add up to 0');
  });

  it('Jensen-Shannon is 0 for equal, 1 for disjoint, and known between', () => {
    expect(jensenShannon([1, 3], [2, 6])).toBe(0);
    expect(jensenShannon([1, 0], [0, 1])).toBe(1);
    // H(3/4, 1/4) - H(1/2, 1/2) / 2, in bits.
    expect(jensenShannon([1, 0], [1, 1])).toBeCloseTo(0.8112781244591328 - 0.5, 12);
    expect(jensenShannon([1, 1], [1, 0])).toBe(jensenShannon([1, 0], [1, 1]));
    expect(() => jensenShannon([1], [1, 1])).toThrow('1 and 2 kinds');
  });

  it('convergence names the winner and when it took over', () => {
    const found = convergence([
      [4, 4, 2],
      [7, 2, 1],
      [95, 5, 0],
      [99, 1, 0],
    ]);
    expect(found).toMatchObject({ winner: 0, dominantShare: 0.99, convergedAt: 2 });
    expect(found.largestShares).toEqual([0.4, 0.7, 0.95, 0.99]);
    expect(found.fromStart[0]).toBe(0);
    expect(found.entropies[3]).toBeLessThan(found.entropies[2]);
    expect(convergence([[1, 1]]).convergedAt).toBeUndefined();
  });
});

describe('spearmanTrend', () => {
  it('ranks with ties in the middle', () => {
    expect(ranks([10, 20, 10, 30])).toEqual([1.5, 3, 1.5, 4]);
    // 1 - 6 Σd² / n(n² - 1) without ties: d = 1, 1, 0, 0, 0.
    expect(spearman([1, 2, 3, 4, 5], [2, 1, 3, 4, 5])).toBeCloseTo(1 - 12 / 120, 14);
    expect(spearman([1, 2, 3], [5, 5, 5])).toBe(0);
  });

  it('counts orders exactly for short lists', () => {
    const up = [1, 2, 3, 4, 5];
    expect(spearmanTrend(up, up, { seed: 0, alternative: 'rising' })).toMatchObject({ rho: 1, exact: true });
    expect(spearmanTrend(up, up, { seed: 0, alternative: 'rising' }).pValue).toBeCloseTo(1 / 120, 14);
    expect(spearmanTrend(up, up, { seed: 0 }).pValue).toBeCloseTo(2 / 120, 14);
    expect(spearmanTrend(up, up, { seed: 0, alternative: 'falling' }).pValue).toBe(1);
    // Of the 24 orders of four, 1 and 3 have Σd² = 0 and 2.
    expect(spearmanTrend([1, 2, 3, 4], [2, 1, 3, 4], { seed: 0, alternative: 'rising' }).pValue).toBeCloseTo(
      4 / 24,
      14,
    );
  });

  it('draws orders for longer lists: about uniform p-values without a trend, tiny ones with it', () => {
    let small = 0;
    for (let trial = 0; trial < 200; trial++) {
      const random = rng(3, 'trend', trial);
      const y = Array.from({ length: 12 }, () => random.normal());
      const x = y.map((_, i) => i);
      if (spearmanTrend(x, y, { seed: trial, permutations: 199 }).pValue <= 0.1) small++;
    }
    expect(small).toBeGreaterThan(8);
    expect(small).toBeLessThan(36);
    const x = Array.from({ length: 12 }, (_, i) => i);
    const found = spearmanTrend(x, x, { seed: 1 });
    expect(found).toEqual({ rho: 1, pValue: 1 / 10_000, exact: false });
    expect(() => spearmanTrend([1], [1], { seed: 0 })).toThrow('at least 2');
  });
});

describe('crossedBootstrap', () => {
  it('covers seeds and tasks, where tasks alone would claim too much', () => {
    let crossed = 0;
    let tasksOnly = 0;
    const trials = 150;
    for (let trial = 0; trial < trials; trial++) {
      const random = rng(4, 'crossed', trial);
      const a = Array.from({ length: 6 }, () => Array.from({ length: 40 }, () => random.normal()));
      const b = a.map((row) => {
        const shift = 0.5 * random.normal();
        return row.map((value) => value + 0.3 + shift + 0.3 * random.normal());
      });
      const options = { seed: trial, resamples: 200 };
      const both = crossedBootstrap(a, b, options);
      if (both.low <= 0.3 && 0.3 <= both.high) crossed++;
      const byTask = (table: number[][]) => table[0].map((_, t) => table.map((row) => row[t]));
      const narrow = pairedBootstrap(byTask(a), byTask(b), options);
      if (narrow.low <= 0.3 && 0.3 <= narrow.high) tasksOnly++;
    }
    expect(crossed / trials).toBeGreaterThan(0.8);
    expect(tasksOnly / trials).toBeLessThan(0.6);
  });

  it('takes other contrasts and refuses tables of different shapes', () => {
    const ratio = { seed: 1, contrast: (x: number, y: number) => y / x };
    expect(crossedBootstrap([[1, 2]], [[2, 4]], ratio)).toEqual({ estimate: 2, low: 2, high: 2 });
    expect(pairedBootstrap([1, 2], [2, 4], ratio)).toEqual({ estimate: 2, low: 2, high: 2 });
    expect(() => crossedBootstrap([[1]], [[1, 2]], { seed: 1 })).toThrow(
      'b has rows of 2 tasks, expected 1 of 1',
    );
    expect(() => crossedBootstrap([[Number.NaN]], [[1]], { seed: 1 })).toThrow('a holds NaN');
    expect(() => crossedBootstrap([], [], { seed: 1 })).toThrow('0 seeds of 0 tasks');
  });
});
