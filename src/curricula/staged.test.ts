/** Stages begin at their edges. */
import { describe, expect, it } from 'vitest';
import { stageAt, stagedValue } from './staged.ts';

describe('stages', () => {
  it('begin at their edges and last until the next', () => {
    expect([0, 0.19, 0.2, 0.39, 0.4, 0.6, 3].map((u) => stageAt([0.2, 0.4, 0.6], u))).toEqual([
      0, 0, 1, 1, 2, 3, 3,
    ]);
    expect(stageAt([], 0.5)).toBe(0);
    expect(stagedValue({ edges: [0.5], values: ['a', 'b'] }, 0.5)).toBe('b');
  });

  it('refuse edges that do not rise and a value too few', () => {
    expect(() => stageAt([0.4, 0.4], 0)).toThrow(/rising/);
    expect(() => stagedValue({ edges: [0.5], values: ['a'] }, 0)).toThrow(/1 values for 1 edges/);
  });
});
