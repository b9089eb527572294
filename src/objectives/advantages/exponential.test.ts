/** Exponential weights against closed forms, and their loss under `reinforce`. */
import { describe, expect, it } from 'vitest';
import { rng } from '../../random/index.ts';
import { lossWeights, reinforce } from '../index.ts';
import { evaluate } from '../testing/evaluate.ts';
import { randomBatch } from '../testing/random-batch.ts';
import { exponentialWeights } from './exponential.ts';

describe('exponentialWeights', () => {
  it('is exp((r - centre) / τ)', () => {
    // The weights that the authors' code gives at its τ of 0.4.
    const [right, wrong, unreadable] = exponentialWeights([1, 0, -1], { temperature: 0.4 });
    expect(right).toBeCloseTo(12.182, 3);
    expect(wrong).toBe(1);
    expect(unreadable).toBeCloseTo(0.0821, 4);
    const centred = exponentialWeights([1, 0], { temperature: 2, centre: 0.5 });
    expect(centred).toEqual([Math.exp(0.25), Math.exp(-0.25)]);
  });

  it('refuses what cannot be a weight', () => {
    expect(() => exponentialWeights([1], { temperature: 0 })).toThrow('temperature is 0, expected above 0');
    expect(() => exponentialWeights([1], { temperature: 1e-4 })).toThrow('reward 1 at temperature 0.0001');
    expect(() => exponentialWeights([-1], { temperature: 1e-4 })).toThrow('expected one above 0');
  });

  it('gives the reward-weighted likelihood under reinforce with sequence means', async () => {
    const batch = randomBatch(rng(3, 'exponential weights'));
    const rewards = [1, 0, -1, 0.5];
    const weights = exponentialWeights(rewards, { temperature: 0.4, centre: 0.125 });
    const { mask, logprobs } = batch;
    batch.weight = lossWeights(mask, 'sequence-mean');
    batch.data.advantages = mask.map((row, b) => row.map(() => weights[b]));
    const { loss } = await evaluate(reinforce(), batch);
    // - (1/B) Σ_b exp((r_b - c) / τ) (1/|a_b|) Σ_t log π
    const direct = mask.map((row, b) => {
      const seen = logprobs[b].filter((_, t) => row[t] > 0);
      return (-Math.exp((rewards[b] - 0.125) / 0.4) * seen.reduce((a, x) => a + x, 0)) / seen.length;
    });
    expect(loss).toBeCloseTo(direct.reduce((a, x) => a + x, 0) / 4, 4);
  });
});
