/** Curricula over a pool: uniform draws without repeats within a step, easiest first, and resuming. */
import { describe, expect, it } from 'vitest';
import { easiestFirst, uniform } from './index.ts';

describe('uniform', () => {
  it('draws every task equally often, none twice in a step', () => {
    const curriculum = uniform(10, 1, 'test');
    const counts = new Array<number>(10).fill(0);
    for (let step = 0; step < 2000; step++) {
      const chosen = curriculum.next(3, step);
      expect(new Set(chosen).size).toBe(3);
      for (const index of chosen) counts[index]++;
    }
    for (const count of counts) expect(Math.abs(count - 600)).toBeLessThan(90);
  });

  it('goes on from its state', () => {
    const whole = uniform(20, 4);
    const before = whole.next(5, 0);
    const state = JSON.parse(JSON.stringify(whole.state()));
    const after = whole.next(5, 1);
    const resumed = uniform(20, 4);
    resumed.restore(state);
    expect(resumed.next(5, 1)).toEqual(after);
    expect(after).not.toEqual(before);
  });

  it('refuses what it cannot do', () => {
    expect(() => uniform(Infinity, 1)).toThrow(/has Infinity tasks/);
    expect(() => uniform(3, 1).next(4, 0)).toThrow(/count is 4, .* 3 tasks/);
    expect(() => uniform(3, 1).restore({ kind: 'shuffled', cursor: 1 })).toThrow(/cannot go on/);
  });
});

describe('easiest first', () => {
  it('goes by falling rate, equal ones in their own order, and starts over', () => {
    const curriculum = easiestFirst([0.1, 0.9, 0.5, 0.9]);
    expect(curriculum.next(3, 0)).toEqual([1, 3, 2]);
    const state = curriculum.state();
    expect(curriculum.next(2, 1)).toEqual([0, 1]);
    const resumed = easiestFirst([0.1, 0.9, 0.5, 0.9]);
    resumed.restore(state);
    expect(resumed.next(2, 1)).toEqual([0, 1]);
  });
});
