/** Votes and turns on cases counted by hand. */
import { describe, expect, it } from 'vitest';
import { majorityAccuracy, turnFigures } from './index.ts';

/** Answers as letters; upper case is right. */
const list = (text: string) =>
  [...text].map((letter) => ({ answer: letter, right: letter === letter.toUpperCase() }));

describe('majorityAccuracy', () => {
  it('is that of the voted answer, with ties shared', () => {
    expect(majorityAccuracy([list('Aaa'), list('AbA'), list('aBcB'), list('aB')])).toBeCloseTo(2.5 / 4);
    expect(() => majorityAccuracy([])).toThrow('expected at least one attempt');
    expect(() => majorityAccuracy([[]])).toThrow('expected at least one attempt');
  });
});

describe('turnFigures', () => {
  it('follows accuracy, corrections and losses over turns', () => {
    const figures = turnFigures([list('aB'), list('Cde'), list('xyZ'), list('W')]);
    expect(figures.accuracy).toEqual([1 / 2, 1 / 3, 1 / 2]);
    expect(figures.any).toBe(1);
    expect(figures.majority).toBeCloseTo((1 / 2 + 1 / 3 + 1 / 3 + 1) / 4);
    // Wrong with a next turn: a→B, d→e, x→y, y→Z; right with a next turn: C→d.
    expect(figures.corrected).toBe(1 / 2);
    expect(figures.lost).toBe(1);
  });

  it('leaves out what never happened', () => {
    expect(turnFigures([list('a')])).toEqual({ accuracy: [0], majority: 0, any: 0 });
  });
});
