/** Hidden shifts: what is right, how often a guess hits, and how often worked attempts repeat. */
import { describe, expect, it } from 'vitest';
import { type HiddenShiftOptions, hiddenShift, withEveryShift } from './hidden-shift.ts';

const tasksOf = (more: Partial<HiddenShiftOptions> = {}) => {
  const environment = hiddenShift({
    digits: 3,
    shifts: 4,
    attempts: 4,
    repeats: 0.5,
    worked: 'guesses',
    seed: 1,
    validationSize: 20,
    testSize: 20,
    ...more,
  });
  return Array.from({ length: 600 }, (_, i) => environment.task('train', i));
};
const attemptsOf = (task: { prompt: unknown; completion?: string }) =>
  (task.completion ?? '').split(`<eos>F${task.prompt}`);
const mean = (xs: number[]) => xs.reduce((a, b) => a + b, 0) / xs.length;

describe('hiddenShift', () => {
  it('moves all digits by a number that the answer names', () => {
    const letters = new Set<string>();
    for (const task of tasksOf()) {
      const prompt = task.prompt as string;
      for (const said of [task.data.answer, ...attemptsOf(task)]) {
        const shift = said.charCodeAt(0) - 96;
        expect(said.slice(1)).toBe([...prompt.slice(0, -1)].map((d) => (Number(d) + shift) % 10).join(''));
      }
      letters.add(task.data.answer[0]);
    }
    expect([...letters].sort()).toEqual(['a', 'b', 'c', 'd']);
  });

  it('is worked by guesses, or rightly where asked for', () => {
    const hits = tasksOf().map((task) => Number(attemptsOf(task)[0] === task.data.answer));
    expect(Math.abs(mean(hits) - 0.25)).toBeLessThan(0.06);
    for (const { completion, data } of tasksOf({ worked: 'right' })) expect(completion).toBe(data.answer);
  });

  it('makes a problem of each hidden number, of which one is the task itself', () => {
    for (const task of tasksOf().slice(0, 20)) {
      const answers = withEveryShift(task, 4).map(({ data }) => data.answer);
      expect(new Set(answers).size).toBe(4);
      expect(answers[task.data.answer.charCodeAt(0) - 97]).toBe(task.data.answer);
    }
  });

  it('repeats attempts as often as asked for, and else makes others while there are some', () => {
    const repeated = (repeats: number) =>
      mean(
        tasksOf({ repeats }).flatMap((task) =>
          attemptsOf(task).flatMap((attempt, i, all) => (i === 1 ? [Number(attempt === all[0])] : [])),
        ),
      );
    expect(repeated(0)).toBe(0);
    expect(Math.abs(repeated(0.5) - 0.5)).toBeLessThan(0.06);
    expect(repeated(1)).toBe(1);
    for (const attempts of tasksOf({ repeats: 0, attempts: 6 }).map(attemptsOf))
      expect(new Set(attempts).size).toBe(Math.min(4, attempts.length));
  });
});
