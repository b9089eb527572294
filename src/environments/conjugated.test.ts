/** Conjugated tasks: written otherwise, graded as they were. */
import { describe, expect, it } from 'vitest';
import { exactMatch } from '../graders/index.ts';
import { substitution } from '../text/index.ts';
import type { Environment, Grader } from '../types/index.ts';
import { conjugated } from './conjugated.ts';

const letters = substitution('letters', '0123456789', 'abcdefghij');
const seen: unknown[] = [];
const grader: Grader = {
  name: 'spy',
  grade(input, signal) {
    seen.push(input.task.prompt, input.completion);
    return exactMatch().grade(input, signal);
  },
};
const plain: Environment = {
  name: 'sums',
  size: () => 2,
  task: (_, index) => ({
    id: `sum-${index}`,
    prompt: index === 0 ? '1+2=' : [{ role: 'user', content: '1+2=' }],
    data: { answer: '3' },
    completion: '3',
  }),
  grader,
  symbols: [...'0123456789+='],
};
const through = conjugated(plain, letters);
const gradeOf = async (index: number, completion: string) =>
  await through.grader.grade(
    { task: through.task('test', index), completion, tokens: [], finishReason: 'stop' },
    new AbortController().signal,
  );

describe('conjugated', () => {
  it('writes prompts and completions otherwise, and keeps ids and answers', () => {
    const [text, chat] = [through.task('test', 0), through.task('test', 1)];
    expect(text).toMatchObject({ id: 'sum-0', prompt: 'b+c=', completion: 'd', data: { answer: '3' } });
    expect(chat.prompt).toEqual([{ role: 'user', content: 'b+c=' }]);
    expect(through.symbols).toEqual([...'0123456789+=abcdefghij']);
    expect(through.size('test')).toBe(2);
  });

  it('turns completions back before they are graded: an answer in the old alphabet is wrong', async () => {
    seen.length = 0;
    expect(await gradeOf(0, 'd')).toEqual({ status: 'graded', score: 1 });
    expect(seen).toEqual(['1+2=', '3']);
    expect(await gradeOf(0, '3')).toEqual({ status: 'graded', score: 0 });
    expect(await gradeOf(1, 'd')).toEqual({ status: 'graded', score: 1 });
    expect(seen.slice(-2)).toEqual([[{ role: 'user', content: '1+2=' }], '3']);
  });
});
