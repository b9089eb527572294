/** Learning curves: areas, heights and reaches against figures by hand. */
import { describe, expect, it } from 'vitest';
import { bestSoFar, firstReach, heightAt, meanHeight } from './index.ts';

const curve = { x: [0, 10, 30], y: [0.2, 0.6, 0.4] };

describe('a learning curve', () => {
  it('has the mean height of its trapezoids, points far apart counting for more', () => {
    expect(meanHeight(curve)).toBeCloseTo((10 * 0.4 + 20 * 0.5) / 30, 12);
    expect(meanHeight({ x: [3, 5], y: [1, 1] })).toBe(1);
  });

  it('is linear between its points and flat beyond them', () => {
    expect([-5, 0, 2.5, 10, 20, 99].map((at) => heightAt(curve, at))).toEqual(
      [0.2, 0.2, 0.3, 0.6, 0.5, 0.4].map((x) => expect.closeTo(x, 12)),
    );
  });

  it('first reaches a level where it crosses it, or never', () => {
    expect(firstReach(curve, 0.1)).toBe(0);
    expect(firstReach(curve, 0.5)).toBeCloseTo(7.5, 12);
    expect(heightAt(curve, firstReach(curve, 0.35) ?? -1)).toBeCloseTo(0.35, 12);
    expect(firstReach(curve, 0.61)).toBeUndefined();
  });

  it('is best so far at points already seen', () => {
    expect([0, 9, 10, 30].map((at) => bestSoFar(curve, at))).toEqual([0.2, 0.2, 0.6, 0.6]);
    expect(() => bestSoFar(curve, -1)).toThrow(/no point up to -1/);
  });

  it('refuses what is no curve', () => {
    expect(() => heightAt({ x: [], y: [] }, 0)).toThrow(/0 x and 0 y/);
    expect(() => meanHeight({ x: [1], y: [1] })).toThrow(/1 point/);
    expect(() => firstReach({ x: [1, 1], y: [0, 1] }, 1)).toThrow(/point 1 is \(1, 1\)/);
    expect(() => meanHeight({ x: [1, 2], y: [0, Number.NaN] })).toThrow(/point 1 is \(2, NaN\)/);
  });
});
