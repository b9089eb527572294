/** The balance: its rule by hand, and the meta-gradient against finite differences of one step ahead. */
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { balanceOptions, cosine, metaGradient, nextMu } from './balance.ts';

const settings = (options: object = {}) => z.strictObject(balanceOptions).parse(options);
const signals = { entropy: 0.5, targetEntropy: 0.3, step: 1 };

describe('nextMu', () => {
  it('adds what the meta-gradient and the entropy say, within bounds', () => {
    expect(nextMu(0.5, { ...signals, meta: 0.4 }, settings())).toBeCloseTo(0.5 + 0.05 * 0.4 + 0.02 * 0.2, 12);
    expect(nextMu(0.5, signals, settings())).toBeCloseTo(0.504, 12);
    expect(nextMu(0.5, signals, settings({ entropySign: 'explore' }))).toBeCloseTo(0.496, 12);
    expect(nextMu(0.94, { ...signals, meta: 1 }, settings())).toBe(0.95);
    expect(nextMu(0.06, { ...signals, meta: -1 }, settings({ entropyRate: 0 }))).toBe(0.05);
  });

  it('stays where it is without rates, also outside of the bounds', () => {
    expect(nextMu(1, { ...signals, meta: 1 }, settings({ metaRate: 0, entropyRate: 0 }))).toBe(1);
  });

  it('walks in a straight line with decay', () => {
    const config = settings({ mu: 1, decay: { to: 0, steps: 10 } });
    expect(nextMu(0.3, { ...signals, step: 4 }, config)).toBeCloseTo(0.6, 12);
    expect(nextMu(0.3, { ...signals, step: 40 }, config)).toBe(0);
  });
});

describe('metaGradient', () => {
  // U = -|A θ - u|² / 2, and losses of the same kind with other targets: gradients are plain.
  const theta = [0.3, -0.7];
  const towards = (target: number[]) => ({
    loss: (x: number[]) => x.reduce((sum, v, i) => sum + ((i + 1) * (v - target[i]) ** 2) / 2, 0),
    gradient: (x: number[]) => x.map((v, i) => (i + 1) * (v - target[i])),
  });
  const [held, imitation, reinforcement] = [towards([1, 0.2]), towards([0.8, -0.1]), towards([-1, -1])];
  const gradients = {
    utility: held.gradient(theta).map((g) => -g),
    imitation: imitation.gradient(theta),
    reinforcement: reinforcement.gradient(theta),
  };

  it('is the slope of the utility one step ahead', () => {
    const eta = 1e-4;
    const ahead = (mu: number) =>
      theta.map((x, i) => x - eta * ((1 - mu) * gradients.reinforcement[i] + mu * gradients.imitation[i]));
    const utility = (mu: number) => -held.loss(ahead(mu));
    const slope = (utility(0.5 + 1e-2) - utility(0.5 - 1e-2)) / 2e-2;
    expect(eta * metaGradient(gradients, 'raw')).toBeCloseTo(slope, 6);
    expect(slope / eta).toBeCloseTo(metaGradient(gradients, 'raw'), 3);
  });

  it('rises with imitation where that goes the way of the utility, and falls where reinforcement does', () => {
    expect(metaGradient(gradients, 'cosine')).toBeGreaterThan(0.5);
    const { utility } = gradients;
    expect(
      metaGradient(
        { utility, imitation: gradients.reinforcement, reinforcement: gradients.imitation },
        'cosine',
      ),
    ).toBe(-metaGradient(gradients, 'cosine'));
    expect(metaGradient({ utility, imitation: [1, 2], reinforcement: [1, 2] }, 'cosine')).toBe(0);
  });

  it('has cosines between -1 and 1, and 0 for nothing', () => {
    expect(cosine([1, 2], [2, 4])).toBeCloseTo(1, 12);
    expect(cosine([1, 2], [-1, -2])).toBeCloseTo(-1, 12);
    expect(cosine([0, 0], [1, 1])).toBe(0);
  });
});
