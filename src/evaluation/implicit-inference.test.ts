/** Conjugate figures and implicit priors against closed forms. */
import { describe, expect, it } from 'vitest';
import { rng } from '../random/index.ts';
import { conjugateFigures } from './conjugate.ts';
import { implicitPrior, taskPosterior } from './implicit-inference.ts';

describe('taskPosterior', () => {
  it("is Bayes' rule", () => {
    expect(taskPosterior(0.5, 0)).toBe(0.5);
    expect(taskPosterior(0.2, Math.log(4))).toBeCloseTo(0.5, 12);
    const [prior, forIt, against] = [0.3, 0.9 * 0.8, 0.1 * 0.2];
    expect(taskPosterior(prior, Math.log(forIt / against))).toBeCloseTo(
      (prior * forIt) / (prior * forIt + (1 - prior) * against),
      12,
    );
    expect(() => taskPosterior(1, 0)).toThrow(/prior is 1/);
  });
});

describe('implicitPrior', () => {
  it.each([0.01, 0.37, 0.5, 0.9999])('finds the prior %d of an ideal reader', (prior) => {
    const points = [-2, -1, 0, 1, 2].map((evidence) => ({
      evidence,
      probability: taskPosterior(prior, evidence),
    }));
    expect(implicitPrior(points)).toBeCloseTo(prior, 6);
  });

  it('is the least-squares fit where none is exact', () => {
    const random = rng(4, 'points');
    const points = Array.from({ length: 30 }, () => ({
      evidence: random.normal(),
      probability: random.uniform(),
    }));
    const loss = (prior: number) =>
      points.reduce((sum, { evidence, probability }) => {
        return sum + (taskPosterior(prior, evidence) - probability) ** 2;
      }, 0);
    const fitted = implicitPrior(points);
    for (let prior = 0.005; prior < 1; prior += 0.005) expect(loss(fitted)).toBeLessThanOrEqual(loss(prior));
  });

  it('goes to the ends with certain models', () => {
    expect(implicitPrior([{ evidence: -3, probability: 1 }])).toBeGreaterThan(0.9999);
    expect(implicitPrior([{ evidence: 3, probability: 0 }])).toBeLessThan(0.0001);
    expect(() => implicitPrior([])).toThrow(/0 points/);
    expect(() => implicitPrior([{ evidence: 0, probability: 1.1 }])).toThrow(/probability is 1.1/);
  });
});

describe('conjugateFigures', () => {
  it('compares forgetting with forgetting through the transformation', () => {
    const figures = conjugateFigures({
      baseDirect: 0.9,
      tunedDirect: 0.4,
      baseConjugate: 0.8,
      tunedConjugate: 0.7,
    });
    expect(figures.forgetting).toBeCloseTo(0.5, 12);
    expect(figures.forgettingThrough).toBeCloseTo(0.1, 12);
    expect(figures.recovery).toBeCloseTo(0.6, 12);
    expect(figures.gapRatio).toBeCloseTo(0.2, 12);
  });

  it('has no ratios where nothing was forgotten', () => {
    const same = conjugateFigures({
      baseDirect: 0.5,
      tunedDirect: 0.5,
      baseConjugate: 0.5,
      tunedConjugate: 0.4,
    });
    expect(same.recovery).toBeNaN();
    expect(same.gapRatio).toBeNaN();
  });
});
