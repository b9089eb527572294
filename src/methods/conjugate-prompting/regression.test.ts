/** Ideal readers of in-context regression against direct computation, and what conjugate prompting does to them. */
import { describe, expect, it } from 'vitest';
import { rng } from '../../random/index.ts';
import { cholesky, excessLoss, idealPrediction, type Prompt } from './regression.ts';

const random = rng(8, 'regression test');
const list = (n: number) => Array.from({ length: n }, () => random.normal());
const dot = (a: number[], b: number[]) => a.reduce((sum, x, i) => sum + x * b[i], 0);

describe('ideal predictions', () => {
  const prompt: Prompt = { inputs: [list(2), list(2), list(2)], labels: list(3), query: list(2) };
  const functions = [list(2), list(2), list(2)];
  const settings = { noise: 0.5, spread: 1.5 };

  it('are ridge regression where only the continuous family is held possible', () => {
    // Gradient descent on Σ (y - w·x)² + (σ/τ)² |w|².
    let w = [0, 0];
    for (let i = 0; i < 20_000; i++) {
      const slope = w.map((value, j) => {
        const errors = prompt.inputs.map((x, m) => (dot(w, x) - prompt.labels[m]) * x[j]);
        return errors.reduce((a, b) => a + b) + (0.5 / 1.5) ** 2 * value;
      });
      w = w.map((value, j) => value - 0.02 * slope[j]);
    }
    const { prediction, discrete } = idealPrediction(prompt, functions, 1e-12, settings);
    expect(discrete).toBeLessThan(1e-9);
    expect(prediction).toBeCloseTo(dot(w, prompt.query), 6);
  });

  it("weigh the families by Bayes' rule, here by integration on a grid", () => {
    const density = (w: number[]) =>
      prompt.inputs.reduce((product, x, j) => {
        const error = prompt.labels[j] - dot(w, x);
        return (product * Math.exp(-(error ** 2) / (2 * 0.25))) / Math.sqrt(2 * Math.PI * 0.25);
      }, 1);
    let [evidence, mean] = [0, 0];
    const step = 0.05;
    for (let a = -9; a <= 9; a += step)
      for (let b = -9; b <= 9; b += step) {
        const prior = Math.exp(-(a * a + b * b) / (2 * 2.25)) / (2 * Math.PI * 2.25);
        const mass = prior * density([a, b]) * step * step;
        evidence += mass;
        mean += mass * dot([a, b], prompt.query);
      }
    const each = functions.map(density);
    const sum = each.reduce((x, y) => x + y);
    const byFunctions = functions.reduce((total, w, i) => total + (each[i] / sum) * dot(w, prompt.query), 0);
    const g = (0.3 * sum) / 3 / ((0.3 * sum) / 3 + 0.7 * evidence);
    const { prediction, discrete } = idealPrediction(prompt, functions, 0.3, settings);
    expect(discrete).toBeCloseTo(g, 4);
    expect(prediction).toBeCloseTo(g * byFunctions + (1 - g) * (mean / evidence), 4);
  });

  it('need a proper covariance', () => {
    expect(() =>
      cholesky([
        [1, 2],
        [2, 1],
      ]),
    ).toThrow(/pivot 1 is -3/);
  });
});

describe('conjugate prompting of ideal readers', () => {
  const options = { dimensions: 10, functions: 64, examples: 5, noise: 1, spread: 1, prompts: 300 };
  const mean = (alpha: number, gamma: number) =>
    [0, 1, 2].reduce((sum, seed) => sum + excessLoss(alpha, gamma, { ...options, seed }), 0) / 3;

  it('undoes the loss that a skewed prior brings, and finds less to undo without one', () => {
    const [base, tuned] = [mean(0.5, 1), mean(0.9999, 1)];
    const recovery = (gamma: number) => (tuned - mean(0.9999, gamma)) / (tuned - base);
    expect(tuned).toBeGreaterThan(base + 2);
    expect(recovery(1.5)).toBeGreaterThan(0.4);
    expect(recovery(2)).toBeGreaterThan(recovery(1.5));
    // The labels are multiplied alike for a reader without a discrete family: nothing to recover.
    expect(Math.abs(mean(1e-9, 2) - mean(1e-9, 1))).toBeLessThan(1);
  });
});
