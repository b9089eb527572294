/** Tests of edit distance and length. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { editDistance } from './edit-distance.ts';
import { length } from './length.ts';
import { levenshtein } from './levenshtein.ts';
import { gradeOf, inputOf, scoreOf } from './testing.ts';

/** The definition, by recursion. */
function slowDistance(a: string, b: string): number {
  if (a === '' || b === '') return a.length + b.length;
  if (a[0] === b[0]) return slowDistance(a.slice(1), b.slice(1));
  return (
    1 +
    Math.min(slowDistance(a.slice(1), b), slowDistance(a, b.slice(1)), slowDistance(a.slice(1), b.slice(1)))
  );
}

const short = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 5 });

describe('levenshtein', () => {
  it('equals its definition', () => {
    fc.assert(
      fc.property(short, short, (a, b) => {
        expect(levenshtein([...a], [...b])).toBe(slowDistance(a, b));
      }),
    );
    expect(levenshtein([...'kitten'], [...'sitting'])).toBe(3);
  });
});

describe('editDistance', () => {
  it('counts symbols, and takes the best reference', async () => {
    const grader = editDistance();
    const grade = await gradeOf(grader, ' HH AH  L OW', ['HH EH L OW', 'HH AH L', 'Y EH L OW Z']);
    expect(grade).toEqual({ status: 'graded', score: 0.75, parts: { distance: 1, referenceLength: 4 } });
    expect(await scoreOf(grader, 'A B C D E F', 'A B')).toBe(0);
    expect(await scoreOf(grader, '', 'A B')).toBe(0);
    expect([await scoreOf(grader, '', ''), await scoreOf(grader, 'A', '')]).toEqual([1, 0]);
  });

  it('counts characters', async () => {
    expect(await scoreOf(editDistance({ unit: 'characters' }), 'kitten', 'sitting')).toBeCloseTo(4 / 7);
    expect(await scoreOf(editDistance({ unit: 'characters' }), '🙂b', '🙂🙃')).toBe(0.5);
  });
});

describe('length', () => {
  it('falls linearly from free to limit', async () => {
    const grader = length({ free: 4, limit: 8 });
    const scores = await Promise.all(
      [0, 4, 5, 6, 8, 20].map(async (n) => {
        const grade = await grader.grade(
          inputOf('x', null, new Array(n).fill(1)),
          new AbortController().signal,
        );
        return grade.status === 'graded' ? [grade.score, grade.parts?.length] : grade.reason;
      }),
    );
    expect(scores).toEqual([
      [1, 0],
      [1, 4],
      [0.75, 5],
      [0.5, 6],
      [0, 8],
      [0, 20],
    ]);
    expect(await scoreOf(length({ free: 2, limit: 4, unit: 'characters' }), '🙂🙂🙂', null)).toBe(0.5);
    expect(await scoreOf(length({ free: 2, limit: 2, unit: 'characters' }), 'ab', null)).toBe(1);
  });

  it('refuses a limit below the free length', () => {
    expect(() => length({ free: 5, limit: 4 })).toThrow(/free is 5 and limit is 4/);
    expect(() => length({ free: 0, limit: Number.POSITIVE_INFINITY })).toThrow(/limit is Infinity/);
  });
});
