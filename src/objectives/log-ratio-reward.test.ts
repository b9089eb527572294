/** The log-ratio reward: by hand, and as the tilt of the policy that its regularised optimum is. */
import { describe, expect, it } from 'vitest';
import { logRatioOptions, logRatioReward } from './log-ratio-reward.ts';

const settings = (options: object = {}) => logRatioOptions.parse(options);
const inputs = { towards: [-9, -1, -2, -0.5], from: [0, -1.5, -6, -0.25], mask: [0, 1, 1, 1] };

describe('logRatioReward', () => {
  it('adds up the log ratios of the masked tokens', () => {
    expect(logRatioReward(inputs, settings())).toBeCloseTo(0.5 + 4 - 0.25, 12);
  });

  it('keeps each token within the clip, and takes the mean where it is asked for', () => {
    expect(logRatioReward(inputs, settings({ tokenClip: 0.4 }))).toBeCloseTo(0.4 + 0.4 - 0.25, 12);
    expect(logRatioReward(inputs, settings({ over: 'mean' }))).toBeCloseTo(4.25 / 3, 12);
    expect(logRatioReward({ ...inputs, mask: [0, 0, 0, 0] }, settings({ over: 'mean' }))).toBe(0);
  });

  it('refuses lists of unequal lengths', () => {
    expect(() => logRatioReward({ ...inputs, mask: [1] }, settings())).toThrow(/have 4, 4 and 1 entries/);
  });
});

const softmax = (z: readonly number[]) => {
  const top = Math.max(...z);
  const e = z.map((x) => Math.exp(x - top));
  const total = e.reduce((a, b) => a + b, 0);
  return e.map((x) => x / total);
};

/** Where exact gradient ascent on E[r] - β KL(π‖π_ref) ends, from π = softmax(start). */
function ascended(rewards: readonly number[], reference: readonly number[], beta: number, start: number[]) {
  let z = start;
  for (let i = 0; i < 20_000; i++) {
    const p = softmax(z);
    const q = p.map((x, k) => rewards[k] - beta * Math.log(x / reference[k]));
    const mean = q.reduce((sum, x, k) => sum + p[k] * x, 0);
    z = z.map((x, k) => x + 0.5 * p[k] * (q[k] - mean));
  }
  return softmax(z);
}

describe('its regularised optimum, on seven actions', () => {
  const before = [0.1, 0.4, -0.3, 0.9, -0.6, 0.2, 0];
  const after = [0.6, 0.3, -0.5, 1.4, -0.4, -0.1, 0.1];
  const [pt, sft] = [softmax(before), softmax(after)];
  const rewards = sft.map((p, k) =>
    logRatioReward({ towards: [Math.log(p)], from: [Math.log(pt[k])], mask: [1] }, settings()),
  );
  const tilted = (reference: readonly number[], beta: number) =>
    softmax(reference.map((p, k) => Math.log(p) + rewards[k] / beta));
  const gap = (a: readonly number[], b: readonly number[]) =>
    Math.max(...a.map((x, k) => Math.abs(x - b[k])));

  it('extrapolates beyond the supervised model with that one as the reference', () => {
    for (const beta of [0.5, 1, 3]) {
      const best = ascended(rewards, sft, beta, after);
      expect(gap(best, tilted(sft, beta))).toBeLessThan(1e-3);
      expect(gap(best, sft)).toBeGreaterThan(0.01);
    }
  });

  it('is the supervised model itself with the base as the reference, at β = 1', () => {
    expect(gap(ascended(rewards, pt, 1, before), sft)).toBeLessThan(1e-3);
  });

  it('has the divergence of the two models as its mean under the supervised one', () => {
    const mean = rewards.reduce((sum, r, k) => sum + sft[k] * r, 0);
    expect(mean).toBeCloseTo(
      sft.reduce((sum, p, k) => sum + p * Math.log(p / pt[k]), 0),
      12,
    );
    expect(mean).toBeGreaterThan(0);
  });
});
