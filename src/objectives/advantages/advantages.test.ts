/** Advantage estimators: failed grades, groups that teach nothing, state, and algebraic properties. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  estimateAdvantages,
  gae,
  groupAdvantages,
  isUninformative,
  leaveOneOut,
  reinforceBaseline,
  whiten,
} from './index.ts';

const total = (xs: readonly number[]) => xs.reduce((sum, x) => sum + x, 0);
const rewards = fc.array(fc.double({ min: -5, max: 5, noNaN: true }), { minLength: 2, maxLength: 8 });

describe('failed grades', () => {
  it('leave the statistics, and get 0', () => {
    const options = { normalise: 'std', ddof: 0, epsilon: 0 } as const;
    expect(groupAdvantages([1, undefined, 0, Number.NaN], options)).toEqual([1, 0, -1, 0]);
    expect(leaveOneOut([1, undefined, 0, Number.NaN])).toEqual([1, 0, -1, 0]);
    expect(reinforceBaseline([1, undefined, 0, Number.NaN]).advantages).toEqual([0.5, 0, -0.5, 0]);
  });
  it('alone give zeros and keep the baseline', () => {
    expect(groupAdvantages([undefined, Number.NaN])).toEqual([0, 0]);
    expect(leaveOneOut([undefined])).toEqual([0]);
    expect(reinforceBaseline([undefined], { baseline: 'running' }, 0.3)).toEqual({
      advantages: [0],
      baseline: 0.3,
    });
  });
  it('are not the same as infinite rewards, which are errors', () => {
    expect(() => groupAdvantages([1, Infinity])).toThrow('reward is Infinity, expected a finite number');
  });
});

describe('isUninformative', () => {
  it('finds groups without variance among the graded', () => {
    expect(isUninformative([0.1 + 0.2, 0.3, undefined])).toBe(true);
    expect(isUninformative([1])).toBe(true);
    expect(isUninformative([1, undefined])).toBe(true);
    expect(isUninformative([1, 0.99, Number.NaN])).toBe(false);
  });
  it('zeros every comparison, even with no epsilon', () => {
    expect(groupAdvantages([0.1 + 0.2, 0.3], { epsilon: 0 })).toEqual([0, 0]);
    expect(leaveOneOut([0.1 + 0.2, 0.3])).toEqual([0, 0]);
  });
});

describe('groupAdvantages', () => {
  it('has mean 0 and variance 1', () => {
    fc.assert(
      fc.property(rewards, (r) => {
        fc.pre(Math.max(...r) - Math.min(...r) > 1e-3);
        const a = groupAdvantages(r, { ddof: 0, epsilon: 0 });
        expect(total(a)).toBeCloseTo(0, 8);
        expect(total(a.map((x) => x * x)) / a.length).toBeCloseTo(1, 8);
      }),
    );
  });
  it('is proportional to leave-one-out without normalisation: factor (n - 1) / n', () => {
    fc.assert(
      fc.property(rewards, (r) => {
        const centred = groupAdvantages(r, { normalise: 'none' });
        leaveOneOut(r).forEach((x, i) => {
          expect(centred[i]).toBeCloseTo((x * (r.length - 1)) / r.length, 8);
        });
      }),
    );
  });
  it('asks for the batch when it divides by its deviation', () => {
    expect(() => groupAdvantages([0, 1], { normalise: 'batch-std' })).toThrow('batch is undefined');
  });
});

describe('reinforceBaseline', () => {
  it('compares with earlier batches when running', () => {
    const options = { baseline: 'running', decay: 0.75 } as const;
    const first = reinforceBaseline([1, 3], options);
    expect(first).toEqual({ advantages: [-1, 1], baseline: 2 });
    expect(reinforceBaseline([4, 8], options, first.baseline)).toEqual({ advantages: [2, 6], baseline: 3 });
  });
});

describe('estimateAdvantages', () => {
  it('keeps the shape of the groups', () => {
    const { advantages, baseline } = estimateAdvantages([[0, 1, 2], [5]], { name: 'reinforce' });
    expect(advantages).toEqual([[-2, -1, 0], [3]]);
    expect(baseline).toBe(2);
  });
});

describe('gae', () => {
  const inputs = { rewards: [0, 0.5, 2], values: [0.3, -0.1, 0.7], mask: [1, 1, 1] };
  it('with γ = λ = 1 has the rewards to come as returns', () => {
    const { returns } = gae({ ...inputs, gamma: 1, lambda: 1 });
    [2.5, 2.5, 2].forEach((x, t) => {
      expect(returns[t]).toBeCloseTo(x, 12);
    });
  });
  it('does not see what is outside the mask', () => {
    const holed = gae({
      rewards: [0, Number.NaN, 0.5, 2, 9],
      values: [0.3, 1e9, -0.1, 0.7, Number.NaN],
      mask: [1, 0, 1, 1, 0],
      gamma: 0.9,
      lambda: 0.8,
    });
    const { advantages: a } = gae({ ...inputs, gamma: 0.9, lambda: 0.8 });
    expect(holed.advantages).toEqual([a[0], 0, a[1], a[2], 0]);
    expect(holed.returns[4]).toBe(0);
  });
  it('names lengths and coefficients that are wrong', () => {
    expect(() => gae({ ...inputs, mask: [1], gamma: 1, lambda: 1 })).toThrow('have 3, 3 and 1 entries');
    expect(() => gae({ ...inputs, gamma: 1.5, lambda: 1 })).toThrow('gamma is 1.5, expected 0 to 1');
  });
});

describe('whiten', () => {
  const masks = [
    [1, 1, 0],
    [0, 1, 1],
  ];
  const advantages = [
    [1, 2, 99],
    [99, 3, 6],
  ];
  it('leaves mean 0 and variance 1 inside the mask', () => {
    const flat = whiten(advantages, masks, { ddof: 0, epsilon: 0 }).flat();
    expect(total(flat)).toBeCloseTo(0, 12);
    expect(total(flat.map((x) => x * x))).toBeCloseTo(4, 12);
    expect([flat[2], flat[3]]).toEqual([0, 0]);
  });
  it('keeps the mean when asked', () => {
    expect(total(whiten(advantages, masks, { centre: false }).flat())).toBeCloseTo(12, 12);
  });
});
