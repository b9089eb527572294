/** Grading by format: equal answers score alike in all formats, and each completion is counted in exactly one. */
import { describe, expect, it } from 'vitest';
import type { Task } from '../types/index.ts';
import { type AnswerFormat, byFormat, readByFormat } from './by-format.ts';
import { afterMarker, lastNumber } from './extract.ts';

const task: Task = { id: 'one', prompt: '6*7', data: { answer: '42' } };
const formats: AnswerFormat[] = [
  {
    name: 'code',
    matches: (text) => text.startsWith('return '),
    answer: (text) => (/^return 6\*7$/.test(text) ? '42' : undefined),
  },
  { name: 'boxed', matches: (text) => text.includes('box:'), answer: afterMarker('box:') },
];
const grader = byFormat({ formats, fallback: lastNumber });
const signal = new AbortController().signal;
const gradeOf = async (completion: string) =>
  await grader.grade({ task, completion, tokens: [], finishReason: 'stop' }, signal);

describe('byFormat', () => {
  it.each([
    ['return 6*7', 'code', 1],
    ['box: 42', 'boxed', 1],
    ['it is 42', 'none', 1],
    ['box: 41', 'boxed', 0],
    ['it is 41', 'none', 0],
    ['no idea', 'none', 0],
  ])('%j is %s and scores %d', async (completion, format, score) => {
    const grade = await gradeOf(completion);
    expect(grade).toEqual({
      status: 'graded',
      score,
      parts: {
        'share.code': Number(format === 'code'),
        'share.boxed': Number(format === 'boxed'),
        'share.none': Number(format === 'none'),
        [`accuracy.${format}`]: score,
      },
    });
  });

  it('takes the first format that matches, and the fallback where that gives no answer', () => {
    const read = (text: string) => readByFormat(text, { formats, fallback: lastNumber });
    expect(read('return box: 42')).toEqual({ format: 'code', answer: '42' });
    expect(read('return nothing')).toEqual({ format: 'code', answer: undefined });
    expect(readByFormat('return 42', { formats })).toEqual({ format: 'code', answer: undefined });
  });

  it('refuses formats that cannot be told apart', () => {
    expect(() => byFormat({ formats: [] })).toThrow(/formats is empty/);
    expect(() => byFormat({ formats: [formats[0], formats[0]] })).toThrow(/two formats are named code/);
    expect(() => byFormat({ formats: [{ ...formats[0], name: 'none' }] })).toThrow(/named none/);
  });
});
