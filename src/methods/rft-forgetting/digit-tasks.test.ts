/** Digit tasks: what is right, what examples show, and content graded apart from form. */
import { describe, expect, it } from 'vitest';
import { digitTasks, isRight, type OperationName, type Style } from './digit-tasks.ts';

const signal = new AbortController().signal;
const of = (operation: OperationName, style: Style = { digit: 'either' }) =>
  digitTasks({ operations: [operation], style, length: 4, seed: 1, heldOutSize: 50 });

/** An answer that is right, worked out digit by digit. */
function rightAnswer(prompt: string): number[] {
  const digits = [...prompt.slice(1, -1)].map(Number);
  const [a, b, c, d] = digits;
  const answers: Record<string, number[]> = {
    R: [d, c, b, a],
    E: [a, b, c, d],
    L: [c, d, a, b],
    S: [b, c, d, a],
    C: digits,
    M: [Math.max(...digits)],
    K: [digits.filter((digit) => digit > 4).length],
  };
  return answers[prompt[0]];
}

describe('digit tasks', () => {
  it.each(['R', 'E', 'L', 'S', 'C', 'M', 'K'] as const)('%s', (name) => {
    for (let index = 0; index < 20; index++) {
      const { prompt, data } = of(name).task('train', index);
      const right = rightAnswer(String(prompt));
      expect(isRight(data, right.join(''))).toBe(true);
      expect(isRight(data, `${right.join('')}0`)).toBe(false);
      const shifted = (by: number) => right.map((digit) => (digit + by) % 10).join('');
      expect(isRight(data, shifted(1))).toBe(false);
      expect(isRight(data, `<${shifted(5)}`)).toBe(name === 'E' || name === 'S');
    }
  });

  it('shows right answers of either style', () => {
    for (const digit of ['smaller', 'either'] as const) {
      const environment = of('E', { digit });
      const tasks = Array.from({ length: 100 }, (_, i) => environment.task('train', i));
      expect(tasks.every(({ data, completion = '' }) => isRight(data, completion))).toBe(true);
      const kinds = new Set(tasks.flatMap(({ completion = '' }) => [...completion.slice(1, -1)]));
      expect(kinds.size).toBe(digit === 'smaller' ? 5 : 10);
    }
  });

  it('shows as many errors as told, in the operations that have them', () => {
    const style: Style = { digit: 'either', noisy: ['S'], noise: 0.4 };
    const shares = Array.from({ length: 500 }, (_, i) => of('S', style).task('train', i)).map(
      ({ data, completion = '' }) =>
        [...completion.slice(1, -1)].filter((digit, i) => (Number(digit) - data.digits[i]) % 5 !== 0).length /
        4,
    );
    expect(Math.abs(shares.reduce((a, b) => a + b, 0) / 500 - 0.4 * 0.8)).toBeLessThan(0.04);
    const { data, completion } = of('C', style).task('train', 3);
    expect(completion).toBe(`<${data.digits.join('')}>`);
  });

  it('grades digits and tags apart', async () => {
    const { task, grader } = of('R');
    const one = task('test', 0);
    const digits = one.data.digits.join('');
    const grade = async (completion: string) => {
      const given = await grader.grade({ task: one, completion, tokens: [], finishReason: 'stop' }, signal);
      return given.status === 'graded' ? [given.score, given.parts] : [];
    };
    expect(await grade(`<${digits}>`)).toEqual([1, { accuracy: 1, format: 1 }]);
    expect(await grade(digits)).toEqual([0.9, { accuracy: 1, format: 0 }]);
    expect(await grade('<1>')).toEqual([0.1, { accuracy: 0, format: 1 }]);
    expect(await grade('')).toEqual([0, { accuracy: 0, format: 0 }]);
  });
});
