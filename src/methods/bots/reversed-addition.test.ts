/** Sums and their pool: right answers, the lengths asked for, and no task in two splits. */
import { describe, expect, it } from 'vitest';
import { sumPool, weightedSums } from './reversed-addition.ts';

const pool = sumPool({ perLength: { train: 250, validation: 5, test: 50 }, digits: 3, seed: 0 }, (index) => ({
  weakRate: index / 1000,
}));

describe('reversed addition', () => {
  it('is answered from the last digit on', () => {
    const task = pool.task('train', pool.size('train') - 1);
    const [left, right] = String(task.prompt).slice(0, -1).split('+').map(Number);
    expect(Number([...task.data.answer].reverse().join(''))).toBe(left + right);
    expect(task.completion).toBe(task.data.answer);
  });

  it('has as many pairs of each length as there are, all different', () => {
    const tasks = Array.from({ length: pool.size('train') }, (_, k) => pool.task('train', k));
    const count = (digits: number) => tasks.filter(({ metadata }) => metadata?.digits === digits).length;
    expect([count(2), count(3)]).toEqual([250, 250]);
    expect(count(1)).toBeGreaterThan(60);
    expect(count(1)).toBeLessThan(95);
    expect(new Set(tasks.map(({ prompt }) => prompt)).size).toBe(tasks.length);
    expect(tasks[7].metadata?.weakRate).toBe(0.007);
  });

  it('never trains on what the pool holds out', () => {
    const held = new Set(Array.from({ length: pool.size('test') }, (_, k) => pool.task('test', k).prompt));
    expect(held.size).toBeGreaterThan(100);
    const pretraining = weightedSums({ weights: [1, 1, 1], seed: 5 });
    for (let index = 0; index < 1000; index++)
      expect(held.has(pretraining.task('train', index).prompt)).toBe(false);
    for (let index = 0; index < pool.size('train'); index++)
      expect(held.has(pool.task('train', index).prompt)).toBe(false);
  });

  it('draws lengths by their weights', () => {
    const pretraining = weightedSums({ weights: [3, 0, 1], seed: 5 });
    const lengths = Array.from({ length: 800 }, (_, k) => pretraining.task('train', k).metadata?.digits);
    expect(lengths).not.toContain(2);
    expect(lengths.filter((n) => n === 3).length / 800).toBeGreaterThan(0.18);
  });
});
