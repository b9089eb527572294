/** Bootstrap intervals: against the normal closed form, by coverage over simulated data, and their seeds. */
import { describe, expect, it } from 'vitest';
import { rng } from '../random/index.ts';
import { bootstrapInterval, mean, median, pairedBootstrap, standardDeviation } from './index.ts';

const normals = (n: number, ...path: (string | number)[]) => {
  const random = rng(11, ...path);
  return Array.from({ length: n }, () => random.normal());
};

/** Share of `trials` intervals that hold the truth. */
function coverage(
  trials: number,
  truth: number,
  interval: (trial: number) => { low: number; high: number },
): number {
  let held = 0;
  for (let trial = 0; trial < trials; trial++) {
    const { low, high } = interval(trial);
    if (low <= truth && truth <= high) held++;
  }
  return held / trials;
}

describe('bootstrapInterval', () => {
  it('comes to mean ± z s / √n for many values', () => {
    const values = normals(400, 'closed');
    const half = (1.96 * standardDeviation(values)) / Math.sqrt(400);
    const { estimate, low, high } = bootstrapInterval(values, { seed: 1 });
    expect(estimate).toBe(mean(values));
    expect(low).toBeCloseTo(estimate - half, 1.7);
    expect(high).toBeCloseTo(estimate + half, 1.7);
    const narrow = bootstrapInterval(values, { seed: 1, confidence: 0.5 });
    expect((narrow.high - narrow.low) / (high - low)).toBeCloseTo(0.6745 / 1.96, 1);
  });

  it('holds the truth about as often as it says', () => {
    const share = coverage(400, 0.3, (trial) => {
      const random = rng(5, 'coverage', trial);
      const values = Array.from({ length: 60 }, () => Number(random.uniform() < 0.3));
      return bootstrapInterval(values, { seed: trial, resamples: 300, confidence: 0.9 });
    });
    expect(share).toBeGreaterThan(0.85);
    expect(share).toBeLessThan(0.94);
  });

  it('resamples tasks when samples of one task go together; pooling them would claim too much', () => {
    const data = (trial: number) => {
      const random = rng(6, 'tasks', trial);
      return Array.from({ length: 30 }, () => {
        const easy = random.normal();
        return Array.from({ length: 8 }, () => easy + 0.3 * random.normal());
      });
    };
    const options = { resamples: 200, confidence: 0.95 };
    const clustered = coverage(300, 0, (t) => bootstrapInterval(data(t), { seed: t, ...options }));
    const pooled = coverage(100, 0, (t) => bootstrapInterval(data(t).flat(), { seed: t, ...options }));
    expect(clustered).toBeGreaterThan(0.89);
    expect(clustered).toBeLessThan(0.98);
    expect(pooled).toBeLessThan(0.7);
  });

  it('counts every task the same, whatever its number of samples', () => {
    expect(bootstrapInterval([[1, 1, 1, 1], [0]], { seed: 1 }).estimate).toBe(0.5);
    const flat = bootstrapInterval([0.5, 0, 1], { seed: 3 });
    expect(bootstrapInterval([[0, 1], [0], [1, 1]], { seed: 3 })).toEqual(flat);
  });

  it('takes other statistics, and gives the same interval for the same seed only', () => {
    const values = normals(50, 'seeded').map(Math.exp);
    const one = bootstrapInterval(values, { seed: 1, statistic: median });
    expect(one.estimate).toBe(median(values));
    expect(one.low).toBeLessThan(one.estimate);
    expect(bootstrapInterval(values, { seed: 1, statistic: median })).toEqual(one);
    const [a, b] = [1, 2].map((seed) => bootstrapInterval(values, { seed }));
    expect(a.low).not.toBe(b.low);
    expect(bootstrapInterval([0.5, 0.5], { seed: 1 })).toEqual({ estimate: 0.5, low: 0.5, high: 0.5 });
  });

  it('refuses what has no interval', () => {
    expect(() => bootstrapInterval([], { seed: 1 })).toThrow('no values, expected at least one task');
    expect(() => bootstrapInterval([[1], []], { seed: 1 })).toThrow('task 1 is []');
    expect(() => bootstrapInterval([1, Number.NaN], { seed: 1 })).toThrow('task 1 is [NaN], expected finite');
    expect(() => bootstrapInterval([1], { seed: 1, confidence: 95 })).toThrow('confidence is 95');
    expect(() => bootstrapInterval([1], { seed: 1, resamples: 0 })).toThrow('resamples is 0');
  });
});

describe('pairedBootstrap', () => {
  it('sees a small gain that differences between tasks would hide', () => {
    const before = normals(80, 'before');
    const noise = normals(80, 'noise');
    const after = before.map((value, i) => value + 0.2 + 0.1 * noise[i]);
    const paired = pairedBootstrap(before, after, { seed: 1 });
    expect(paired.estimate).toBeCloseTo(mean(after) - mean(before), 12);
    expect(paired.low).toBeGreaterThan(0.15);
    expect(paired.high).toBeLessThan(0.25);
    const [a, b] = [before, after].map((values) => bootstrapInterval(values, { seed: 1 }));
    expect(b.low).toBeLessThan(a.high);
    const back = pairedBootstrap(after, before, { seed: 1 });
    expect(back.high).toBeCloseTo(-paired.low, 12);
  });

  it('holds the truth about as often as it says, with several samples a task', () => {
    const share = coverage(300, 0.1, (trial) => {
      const random = rng(7, 'pairs', trial);
      const chances = Array.from({ length: 40 }, () => 0.8 * random.uniform());
      const draw = (bonus: number) =>
        chances.map((chance) => [0, 0, 0, 0].map(() => Number(random.uniform() < chance + bonus)));
      return pairedBootstrap(draw(0), draw(0.1), { seed: trial, resamples: 200 });
    });
    expect(share).toBeGreaterThan(0.9);
    expect(share).toBeLessThan(0.985);
  });

  it('refuses lists of different tasks', () => {
    expect(() => pairedBootstrap([1], [1, 2], { seed: 1 })).toThrow('1 and 2 tasks, expected the same tasks');
  });
});
