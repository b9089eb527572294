/** KL estimators: the traced and the plain form agree, and their mean is the divergence. */
import { describe, expect, it } from 'vitest';
import { rng } from '../../random/index.ts';
import { array, jit, type NativeTensor, type Tensor } from '../../tensor/index.ts';
import { type KlEstimator, klEstimate, klEstimator, klOfToken, klPenalty } from './kl.ts';

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
  const towards = (step: number) => [0.5 - 0.2 * step, 0.3 - 0.1 * step, 0.2 + 0.3 * step];
  const exact = (q: number[]) => p.reduce((sum, x, i) => sum + x * Math.log(x / q[i]), 0);
  const expected = (q: number[], estimator: KlEstimator) =>
    p.reduce((sum, x, i) => sum + x * klOfToken(Math.log(x), Math.log(q[i]), estimator), 0);
  it('of k1 and k3 are the divergence', () => {
    const q = towards(0.5);
    expect(expected(q, 'k1')).toBeCloseTo(exact(q), 12);
    expect(expected(q, 'k3')).toBeCloseTo(exact(q), 12);
  });
  it('of k2 has a relative bias that shrinks with the distance', () => {
    const bias = (step: number) => expected(towards(step), 'k2') / exact(towards(step)) - 1;
    expect(Math.abs(bias(0.1))).toBeGreaterThan(0.01);
    expect(bias(0.1) / bias(0.01)).toBeGreaterThan(8);
    expect(bias(0.1) / bias(0.01)).toBeLessThan(12);
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
