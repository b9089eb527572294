/** The finite-difference checker itself: it must notice wrong gradients. */
import { describe, expect, it } from 'vitest';
import { gradientChecker, type ListFunction } from './gradcheck.ts';
import * as t from './index.ts';

const report = (fn: ListFunction, values: number[], cotangent = 1) => {
  const checker = gradientChecker(fn, [t.spec('f32', [values.length])]);
  const cotangents = checker.outputs.map(({ shape }) =>
    t.array(
      values.map(() => cotangent),
      shape,
    ),
  );
  return checker.check([t.array(values, [values.length])], cotangents);
};

describe('gradientChecker', () => {
  it('passes a right gradient, with errors far below the tolerance', () => {
    const { compared, worst, mismatches } = report(([x]) => [t.exp(x)], [0.5, -1]);
    expect({ compared, mismatches }).toEqual({ compared: 2, mismatches: [] });
    expect(worst).toBeLessThan(1e-4);
  });

  it('names input, element and both numbers of a wrong gradient', () => {
    // x · stop(x) is x² with half its gradient, and right at 0.
    const { mismatches } = report(([x]) => [t.mul(x, t.stopGradient(x))], [0, 2]);
    expect(mismatches).toEqual([{ input: 0, element: 1, gradient: 2, difference: expect.closeTo(4, 3) }]);
  });

  it('notices an error of one per cent', () => {
    const slightlyOff: ListFunction = ([x]) => [t.add(t.exp(x), t.mul(t.stopGradient(x), 0.02))];
    expect(report(slightlyOff, [0.5]).mismatches).toHaveLength(1);
  });

  it('does not take NaN for agreement', () => {
    const { worst, mismatches } = report(([x]) => [t.log(x)], [-1]);
    expect(mismatches).toHaveLength(1);
    expect(worst).toBeNaN();
  });

  it('leaves the inputs as they were', () => {
    const x = t.array([0.5, -1], [2]);
    const checker = gradientChecker(([a]) => [t.tanh(a)], [x]);
    checker.check([x], [t.array([1, 1], [2])]);
    expect([...x.data]).toEqual([0.5, -1]);
  });
});
