/** Pair search: problems with an answer, completions that search as badly as asked, and a grader that accepts the right ones. */
import { describe, expect, it } from 'vitest';
import { symbolTokenizer } from '../text/index.ts';
import type { Task } from '../types/index.ts';
import { createEnvironment } from './index.ts';
import { type PairSearchData, pairSearch, searchHabits } from './pair-search.ts';

const tasksOf = (n: number, options = {}) => {
  const environment = pairSearch(options);
  return Array.from({ length: n }, (_, i) => environment.task('train', i));
};

function scoreOf(completion: string, task: Task<PairSearchData> = tasksOf(1)[0]): number {
  const input = { task, completion, tokens: [], finishReason: 'stop' } as const;
  const grade = pairSearch().grader.grade(input, new AbortController().signal);
  if (grade instanceof Promise || grade.status === 'failed') throw new Error('not graded');
  return grade.score;
}

describe('pair-search', () => {
  it('asks for a target that can be reached, in known symbols, within the token budget', async () => {
    const environment = await createEnvironment('pair-search');
    const tokenizer = symbolTokenizer(environment.symbols);
    for (let i = 0; i < 200; i++) {
      const task = environment.task('train', i) as Task<PairSearchData>;
      const { numbers, target } = task.data;
      const reached = numbers.flatMap((a) =>
        numbers.filter((b) => b !== a).map((b) => [a + b, a * b, a - b].includes(target)),
      );
      expect(reached).toContain(true);
      expect(new Set(numbers).size).toBe(4);
      expect(tokenizer.encode(String(task.prompt))).toHaveLength(10);
      expect(tokenizer.encode(task.completion ?? '').length).toBeLessThanOrEqual(64);
    }
    expect(environment.size('test')).toBeGreaterThan(50);
  });

  it('searches as badly as the options say', () => {
    const habits = (options: object) => {
      const all = tasksOf(400, options).map(({ completion = '', data }) =>
        searchHabits(completion, data.target),
      );
      const sum = (key: 'attempts' | 'repeated' | 'afterHit') => all.reduce((n, one) => n + one[key], 0);
      return { repeated: sum('repeated') / sum('attempts'), afterHit: sum('afterHit') / sum('attempts') };
    };
    const bad = habits({});
    expect(bad.repeated).toBeGreaterThan(0.12);
    expect(bad.repeated).toBeLessThan(0.25);
    expect(bad.afterHit).toBeGreaterThan(0.05);
    expect(habits({ repeat: 0, wrongValue: 0, stopAfterHit: 1 })).toEqual({ repeated: 0, afterHit: 0 });
  });

  it('is right in its own completions where a true hit was written', () => {
    const careful = tasksOf(100, { wrongValue: 0, giveUp: 0, repeat: 0, attempts: 18 });
    expect(careful.map((task) => scoreOf(task.completion ?? '', task))).toEqual(careful.map(() => 1));
  });

  it('keeps to the operations asked for, and marks what was written to reach the target', () => {
    const options = { operations: ['+', '-'] as ('+' | '-')[], markHits: true, wrongValue: 0.2 };
    const { symbols } = pairSearch(options);
    expect(symbols).toHaveLength(18 + 2 + 6);
    const tokenizer = symbolTokenizer(symbols);
    let marked = 0;
    for (const { prompt, completion = '', data } of tasksOf(300, options)) {
      tokenizer.encode(String(prompt) + completion);
      const [thinking] = completion.split('|');
      for (const [, value, mark] of thinking.matchAll(/=(\d+)([;!])/g)) {
        expect(mark === '!').toBe(Number(value) === data.target);
        if (mark === '!') marked++;
      }
    }
    expect(marked).toBeGreaterThan(100);
    expect(() => pairSearch({ operations: [] })).toThrow(/option operations is \[\]/);
  });

  it('writes an attempt in four tokens where signs are joined to numbers', () => {
    const options = { numbers: [3, 5] as [number, number], operations: ['+' as const], joined: true };
    const tokenizer = symbolTokenizer(pairSearch(options).symbols);
    const counts = new Set<number>();
    for (const { prompt, completion = '', data } of tasksOf(50, options)) {
      counts.add(new Set(data.numbers).size);
      expect(tokenizer.encode(String(prompt))).toHaveLength(data.numbers.length + 2);
      const attempts = completion.split(';').length - 1;
      const ids = tokenizer.encode(completion);
      expect(ids).toHaveLength(4 * attempts + 3);
      expect(tokenizer.decode(ids)).toBe(completion);
    }
    expect([...counts].sort()).toEqual([3, 4, 5]);
  });

  it('accepts only two different given numbers that reach the target', () => {
    const task: Task<PairSearchData> = { id: 'x', prompt: '', data: { numbers: [3, 8, 5, 9], target: 24 } };
    expect(['|3*8', '3+5=8;|8*3'].map((text) => scoreOf(text, task))).toEqual([1, 1]);
    expect(['|4*6', '|3*5', '3*8', '|3*8;', '|3*8|3*8', '|'].map((text) => scoreOf(text, task))).toEqual(
      Array(6).fill(0),
    );
    const six: Task<PairSearchData> = { id: 'y', prompt: '', data: { numbers: [3, 8, 5, 9], target: 6 } };
    expect([scoreOf('|3+3', six), scoreOf('|9-3', six)]).toEqual([0, 1]);
  });

  it('knows a repeated attempt in either order', () => {
    expect(searchHabits('3*8=24;8*3=24;5-3=2;|3*8', 24)).toEqual({ attempts: 3, repeated: 1, afterHit: 2 });
    expect(searchHabits('3*8=24!5-3=2;|3*8', 24)).toEqual({ attempts: 2, repeated: 0, afterHit: 1 });
    expect(searchHabits('x;5-3=2;', 24)).toEqual({ attempts: 2, repeated: 0, afterHit: 0 });
  });
});
