/** Tiered tests: each tier on its own, crashes as failures, and outputs compared to their end. */
import { describe, expect, it } from 'vitest';
import { listProgramOutput } from './list-language.ts';
import { gradeOf } from './testing.ts';
import { parseTierTest, tieredTests } from './tiered-tests.ts';

const suite = {
  answer: ['basic: 1 2 => 3', 'medium: 2 2 => 2', 'medium: 4 => 4', 'edge: => 0'],
};
const grader = tieredTests({ run: listProgramOutput });

describe('tieredTests', () => {
  it('says how each tier went; the score is for all of them', async () => {
    expect(await gradeOf(grader, 'dedup sum or0', suite)).toEqual({
      status: 'graded',
      score: 1,
      parts: { basic: 1, medium: 1, edge: 1, format: 1 },
    });
    expect(await gradeOf(grader, 'sum', suite)).toMatchObject({
      score: 0,
      parts: { basic: 1, medium: 0.5, edge: 1 },
    });
    expect(await gradeOf(grader, 'max', suite)).toMatchObject({
      score: 0,
      parts: { basic: 0, medium: 1, edge: 0 },
    });
  });

  it('does not pass a program that crashes, is missing, or writes a line too few', async () => {
    expect(await gradeOf(grader, 'what', suite)).toMatchObject({ score: 0, parts: { basic: 0 } });
    const lines = { answer: ['basic: x => 1\n2'] };
    const says = (text: string) => tieredTests({ run: () => text });
    expect(await gradeOf(says('1'), '', lines)).toMatchObject({ score: 0 });
    expect(await gradeOf(says(''), '', lines)).toMatchObject({ score: 0 });
    expect(await gradeOf(says('1 \n 2\n'), '', lines)).toMatchObject({ score: 1 });
    const fenced = tieredTests({
      run: (program) => program,
      extract: (completion) => /<(.*)>/.exec(completion)?.[1],
    });
    const one = { answer: ['high: => ok'] };
    expect(await gradeOf(fenced, '<ok>', one)).toMatchObject({ score: 1, parts: { high: 1, format: 1 } });
    expect(await gradeOf(fenced, 'ok', one)).toMatchObject({ score: 0, parts: { high: 0, format: 0 } });
  });

  it('waits for sandboxes that take their time', async () => {
    const slow = tieredTests({
      run: async (program, input) => {
        if (program === 'crash') throw new Error('crashed');
        return input;
      },
    });
    const same = { answer: ['basic: 1 => 1', 'high: 2 => 3'] };
    expect(await gradeOf(slow, 'x', same)).toMatchObject({ score: 0, parts: { basic: 1, high: 0 } });
    expect(await gradeOf(slow, 'crash', same)).toMatchObject({ score: 0, parts: { basic: 0, high: 0 } });
  });

  it('names what is no test', async () => {
    expect(parseTierTest('edge:=>')).toEqual({ tier: 'edge', input: '', output: '' });
    expect(() => parseTierTest('hard: 1 => 2')).toThrow(/"hard: 1 => 2" is no test/);
    await expect(gradeOf(grader, 'sum', { answer: ['3'] })).rejects.toThrow(/"3" is no test/);
    await expect(gradeOf(tieredTests({ run: () => '', tests: () => [] }), '', {})).rejects.toThrow(
      /no tests/,
    );
  });
});
