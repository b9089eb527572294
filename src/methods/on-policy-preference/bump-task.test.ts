/** The bump task: worked answers follow the data's distribution, and scores are the bump's mean. */
import { describe, expect, it } from 'vitest';
import { BINS, binsOf, bump, bumpTask } from './bump-task.ts';

const environment = bumpTask({ length: 3, centre: 70, width: 10, seed: 1 });
const signal = new AbortController().signal;
const symbols = environment.symbols.slice(10);

async function scoreOf(bins: number[]) {
  const task = environment.task('test', 2);
  const completion = bins.map((bin) => symbols[bin]).join('');
  const grade = await environment.grader.grade(
    { task, completion, tokens: [], finishReason: 'length' },
    signal,
  );
  return grade.status === 'graded' ? grade.score : undefined;
}

describe('bump task', () => {
  it('has a bump of the width it says', () => {
    expect(bump(70, 70, 10)).toBe(1);
    expect(bump(80, 70, 10)).toBeCloseTo(Math.exp(-1), 12);
    expect(bump(20, 70, 10)).toBeLessThan(1e-10);
  });

  it('draws bins as tanh of a Cauchy variable', () => {
    const counts = new Array<number>(BINS).fill(0);
    const n = 4000;
    for (let index = 0; index < n; index++)
      for (const bin of binsOf(environment.task('train', index).completion ?? '', 3)) counts[bin]++;
    // P(tanh(C) < x) = 1/2 + atan((atanh(x) + 0.7) / 0.4) / π
    const below = (x: number) => 0.5 + Math.atan((Math.atanh(x) + 0.7) / 0.4) / Math.PI;
    for (const [from, to] of [
      [0, 10],
      [10, 30],
      [60, 80],
    ]) {
      const share = counts.slice(from, to).reduce((a, b) => a + b, 0) / (3 * n);
      const expected = below(to / 50 - 1) - (from === 0 ? 0 : below(from / 50 - 1));
      expect(Math.abs(share - expected)).toBeLessThan(0.02);
    }
  });

  it('scores the mean over the bins that should be there', async () => {
    expect(await scoreOf([70, 70, 70])).toBe(1);
    expect(await scoreOf([70, 80, 20])).toBeCloseTo((1 + Math.exp(-1)) / 3, 6);
    expect(await scoreOf([70])).toBeCloseTo(1 / 3, 12);
    expect(await scoreOf([70, 70, 70, 0])).toBe(1);
  });

  it('repeats its contexts and has ten held-out ones', () => {
    expect(environment.task('train', 13).prompt).toBe('3');
    expect(environment.size('test')).toBe(10);
    expect(() => environment.task('test', 10)).toThrow(/test task 10, expected an integer from 0 below 10/);
  });
});
