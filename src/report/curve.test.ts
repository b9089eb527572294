/** Averaging and thinning of curves. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { averagingWindow, movingAverage, type Point, pointsOf, thin } from './curve.ts';

const curve = (values: (number | null)[]): Point[] => values.map((y, x) => ({ x, y }));

it('values that are not finite become gaps', () => {
  const points = pointsOf({ steps: [1, 5, 9, 10], values: [2, Number.NaN, -Infinity, 3] });
  expect(points.map(({ x, y }) => [x, y])).toEqual([
    [1, 2],
    [5, null],
    [9, null],
    [10, 3],
  ]);
});

describe('movingAverage', () => {
  it('is the mean around a point, narrower at the ends, and skips gaps', () => {
    expect(movingAverage(curve([0, 3, 6, 0, 0]), 3).map(({ y }) => y)).toEqual([0, 3, 3, 2, 0]);
    expect(movingAverage(curve([1, null, 5, 9]), 3).map(({ y }) => y)).toEqual([1, null, 7, 9]);
  });

  it('leaves straight lines and short curves as they are', () => {
    const line = curve(Array.from({ length: 100 }, (_, i) => 3 * i));
    expect(averagingWindow(100) % 2).toBe(1);
    expect(averagingWindow(100)).toBeGreaterThan(1);
    expect(averagingWindow(39)).toBe(1);
    for (const { x, y } of movingAverage(line, averagingWindow(100))) expect(y).toBeCloseTo(3 * x, 9);
  });
});

it('thinning keeps order, the extremes and the gaps, in few points', () => {
  const value = fc.option(fc.integer({ min: -50, max: 50 }), { freq: 20 });
  fc.assert(
    fc.property(fc.array(value, { minLength: 1, maxLength: 400 }), (values) => {
      const kept = thin(curve(values), 50);
      expect(kept.length).toBeLessThanOrEqual(75);
      expect(kept.every(({ x }, i) => i === 0 || x > kept[i - 1].x)).toBe(true);
      expect(kept.every(({ x, y }) => values[x] === y)).toBe(true);
      const known = values.filter((y) => y !== null);
      if (known.length > 0) {
        const drawn = kept.flatMap(({ y }) => (y === null ? [] : [y]));
        expect(Math.max(...drawn)).toBe(Math.max(...known));
        expect(Math.min(...drawn)).toBe(Math.min(...known));
      }
      expect(kept.some(({ y }) => y === null)).toBe(values.includes(null));
    }),
    { seed: 1 },
  );
  expect(thin(curve([3, 1, 2]), 50)).toEqual(curve([3, 1, 2]));
});
