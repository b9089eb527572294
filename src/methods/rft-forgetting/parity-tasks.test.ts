/** Parity tasks: what is right, what examples show, and content graded apart from form. */
import { describe, expect, it } from 'vitest';
import { isRight, type OperationName, type ParityTaskOptions, parityTasks } from './parity-tasks.ts';

const signal = new AbortController().signal;
const of = (operation: OperationName, shown: ParityTaskOptions['shown'] = 'any') =>
  parityTasks({ operations: [operation], shown, length: 4, seed: 1, heldOutSize: 50 });

/** What an answer's digits are compared with, worked out digit by digit. */
function wantedOf(prompt: string): number[] {
  const digits = [...prompt.slice(1, -1)].map(Number);
  const [a, b, c, d] = digits;
  const wanted: Record<string, number[]> = {
    E: [a, b, c, d],
    O: [a + 1, b + 1, c + 1, d + 1],
    S: [b, c, d, a],
    R: [d, c, b, a],
    C: digits,
    M: [Math.max(...digits)],
    K: [digits.filter((digit) => digit > 4).length],
  };
  return wanted[prompt[0]];
}

describe('parity tasks', () => {
  it.each(['E', 'O', 'S', 'R'] as const)('%s wants parities', (name) => {
    for (let index = 0; index < 20; index++) {
      const { prompt, data } = of(name).task('train', index);
      const parities = wantedOf(String(prompt)).map((digit) => digit % 2);
      expect(isRight(data, parities.join(''))).toBe(true);
      expect(isRight(data, `<${parities.map((parity) => parity + 8).join('')}`)).toBe(true);
      expect(isRight(data, parities.map((parity, i) => (i === 2 ? 1 - parity : parity)).join(''))).toBe(
        false,
      );
      expect(isRight(data, `${parities.join('')}0`)).toBe(false);
    }
  });

  it.each(['C', 'M', 'K'] as const)('%s wants digits', (name) => {
    for (let index = 0; index < 20; index++) {
      const { prompt, data } = of(name).task('train', index);
      const digits = wantedOf(String(prompt));
      expect(isRight(data, digits.join(''))).toBe(true);
      expect(isRight(data, digits.map((digit) => (digit + 2) % 10).join(''))).toBe(false);
    }
  });

  it('shows right answers: the smallest, any, or any but for errors', () => {
    for (const shown of ['smallest', 'any'] as const) {
      const environment = of('R', shown);
      const tasks = Array.from({ length: 100 }, (_, i) => environment.task('train', i));
      expect(tasks.every(({ data, completion = '' }) => isRight(data, completion))).toBe(true);
      const kinds = new Set(tasks.flatMap(({ completion = '' }) => [...completion.slice(1, -1)]));
      expect(kinds.size).toBe(shown === 'any' ? 10 : 2);
    }
    const noisy = of('S', 0.35);
    const shares = Array.from({ length: 500 }, (_, i) => noisy.task('train', i)).map(
      ({ data, completion = '' }) =>
        [...completion.slice(1, -1)].filter((digit, i) => (Number(digit) - data.digits[i]) % 2 !== 0).length /
        4,
    );
    expect(Math.abs(shares.reduce((a, b) => a + b, 0) / 500 - 0.35)).toBeLessThan(0.04);
    const { data, completion } = of('C', 0.5).task('train', 3);
    expect(completion).toBe(`<${data.digits.join('')}>`);
  });

  it('grades digits and tags apart', async () => {
    const { task, grader } = of('E');
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
