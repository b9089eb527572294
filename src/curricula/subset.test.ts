/** A subset: only its tasks come, results reach the walk by position, and the state is the walk's. */
import { describe, expect, it } from 'vitest';
import { sequential, shuffled, type TaskResult } from './index.ts';
import { subset } from './subset.ts';

describe('subset', () => {
  it('gives the tasks of the list and no others', () => {
    const walk = subset([7, 2, 5], shuffled(3, 1, 'subset'));
    const epoch = walk.next(3, 1);
    expect([...epoch].sort()).toEqual([2, 5, 7]);
    expect(subset([7, 2, 5], sequential(3)).next(4, 1)).toEqual([7, 2, 5, 7]);
  });

  it('tells the walk how tasks went by their positions', () => {
    const heard: TaskResult[] = [];
    const walk = subset([7, 2], { ...sequential(2), observe: (results) => heard.push(...results) });
    walk.observe([2, 4, 7].map((index) => ({ index, scores: [1], failed: 0 })));
    expect(heard.map(({ index }) => index)).toEqual([1, 0]);
  });

  it('goes on from its state', () => {
    const first = subset([4, 8, 6], shuffled(3, 2));
    const begun = first.next(2, 1);
    const second = subset([4, 8, 6], shuffled(3, 2));
    second.restore(first.state());
    expect([...begun, ...second.next(1, 2)].sort()).toEqual([4, 6, 8]);
  });

  it('refuses lists without tasks or with one twice', () => {
    expect(() => subset([], sequential(1))).toThrow(/no tasks/);
    expect(() => subset([1, 1], sequential(2))).toThrow(/2 tasks of which 1 are different/);
  });
});
