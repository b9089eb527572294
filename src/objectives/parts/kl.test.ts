/** KL estimators: the traced and the plain form agree, and their mean is the divergence. */
import { describe, expect, it } from 'vitest';
import { rng } from '../../random/index.ts';
import { array, jit, type NativeTensor, type Tensor } from '../../tensor/index.ts';
import { klEstimate, klEstimator, klOfToken, klPenalty } from './kl.ts';

describe.each(klEstimator.options)('%s', (estimator) => {
  it('is the same traced and plain', async () => {
    const random = rng(3, 'kl', estimator);
    const p = Float32Array.from({ length: 50 }, () => -Math.abs(random.normal()));
    const q = Float32Array.from({ length: 50 }, () => -Math.abs(random.normal()));
    const program = jit((inputs: Record<string, Tensor>) => klEstimate(inputs.p, inputs.q, estimator));
    const out = (await program({ p: array(p, [50]), q: array(q, [50]) })) as NativeTensor;
    Array.from(out.data as Float32Array).forEach((x, i) => {
      expect(x).toBeCloseTo(klOfToken(p[i], q[i], estimator), 5);
    });
  });
  it('is finite for a token that p has forgotten', () => {
    expect(Number.isFinite(klOfToken(-1000, -1, estimator))).toBe(true);
  });
});

describe('expectations over p', () => {
  const p = [0.5, 0.3, 0.2];
  const q = [0.4, 0.25, 0.35];
  const exact = p.reduce((sum, x, i) => sum + x * Math.log(x / q[i]), 0);
  const expected = (estimator: 'k1' | 'k2' | 'k3') =>
    p.reduce((sum, x, i) => sum + x * klOfToken(Math.log(x), Math.log(q[i]), estimator), 0);
  it('of k1 and k3 are the divergence; of k2 nearly so', () => {
    expect(expected('k1')).toBeCloseTo(exact, 12);
    expect(expected('k3')).toBeCloseTo(exact, 12);
    expect(Math.abs(expected('k2') - exact)).toBeLessThan(0.1 * exact);
    expect(expected('k2')).not.toBeCloseTo(exact, 6);
  });
});

describe('klPenalty', () => {
  it('is 0 outside the mask, whatever stands there', () => {
    expect(klPenalty([-1, Number.NaN, -2], [-1.5, -Infinity, -2], 'k1', [1, 0, 1])).toEqual([0.5, 0, 0]);
  });
  it('names lengths that differ', () => {
    expect(() => klPenalty([0], [0, 0], 'k1', [1])).toThrow('have 1, 2 and 1 entries');
  });
});
