/** Tests of the expression grader. */
import { describe, expect, it } from 'vitest';
import { expression } from './expression.ts';
import { afterMarker } from './extract.ts';
import { gradeOf, scoreOf } from './testing.ts';

const data = { numbers: [3, 5, 8, 3], target: 24 };

describe('expression', () => {
  it('scores 1 only for the right value from each number once', async () => {
    const grader = expression();
    expect(await scoreOf(grader, '3+5+8*(3-1)', data)).toBe(0);
    expect(await scoreOf(grader, '8*3+3-5', data)).toBe(0);
    expect(await scoreOf(grader, '(8*3)*(5-3)', { ...data, target: 48 })).toBe(1);
    expect(await scoreOf(grader, '8*(5-3)', { numbers: [3, 5, 8], target: 16 })).toBe(1);
    expect(await scoreOf(grader, '8*3', data)).toBe(0);
    expect(await scoreOf(grader, '8*3*(5-3-1)', data)).toBe(0);
  });

  it('counts given numbers with repetition', async () => {
    expect(await scoreOf(expression({ use: 'atMost' }), '8*3', data)).toBe(1);
    expect(await scoreOf(expression({ use: 'atMost' }), '3*5+3*3', data)).toBe(0);
    expect(await scoreOf(expression({ use: 'any' }), '3*5+3*3', data)).toBe(1);
  });

  it('is exact with fractions', async () => {
    expect(await scoreOf(expression(), '8/(3-8/3)', { numbers: [8, 3, 8, 3], target: 24 })).toBe(1);
  });

  it('names what was wrong in its parts', async () => {
    const parts = async (text: string, grader = expression()) => {
      const grade = await gradeOf(grader, text, { numbers: [6, 2], target: 3 });
      return grade.status === 'graded' ? [grade.score, grade.parts] : grade.reason;
    };
    expect(await parts('6/2')).toEqual([1, { parsed: 1, numbers: 1, operations: 1, value: 1 }]);
    expect(await parts('6/2', expression({ operations: ['+'] }))).toEqual([
      0,
      { parsed: 1, numbers: 1, operations: 0, value: 1 },
    ]);
    expect(await parts('6/0')).toEqual([0, { parsed: 1, numbers: 0, operations: 1, value: 0 }]);
    expect(await parts('6/')).toEqual([0, { parsed: 0, numbers: 0, operations: 0, value: 0 }]);
    expect(await parts('6/2', expression({ extract: afterMarker('#') }))).toEqual([
      0,
      { parsed: 0, numbers: 0, operations: 0, value: 0 },
    ]);
  });

  it('fails where the task holds no problem', async () => {
    const grader = expression<unknown>();
    await expect(gradeOf(grader, '1', { numbers: [1] })).rejects.toThrow(
      /task test\/1: data is .*expected \{numbers/,
    );
    const mapped = expression<{ given: number[] }>({
      problem: (task) => ({ numbers: task.data.given, target: 4 }),
    });
    expect(await scoreOf(mapped, '1+3', { given: [3, 1] })).toBe(1);
  });
});
