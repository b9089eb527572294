/** Tests of the countdown environment. */
import { describe, expect, it } from 'vitest';
import { gradeAll } from '../graders/index.ts';
import { rng } from '../random/index.ts';
import { symbolTokenizer } from '../text/index.ts';
import type { Environment, Task } from '../types/index.ts';
import { type CountdownData, countdown } from './countdown.ts';
import { randomTry } from './countdown-search.ts';

async function scores(
  environment: Environment<CountdownData>,
  tasks: Task<CountdownData>[],
  completions?: string[],
) {
  const inputs = tasks.map((task, i) => ({
    task,
    completion: completions?.[i] ?? task.completion ?? '',
    tokens: [],
    finishReason: 'stop' as const,
  }));
  return (await gradeAll(environment.grader, inputs)).map((grade) => {
    if (grade.status === 'failed') throw new Error(grade.reason);
    return grade;
  });
}

const tasksOf = (environment: Environment<CountdownData>, n: number) =>
  Array.from({ length: n }, (_, i) => environment.task('train', i));

/** Checks every step of a try's text and returns the last value. */
function readTry(text: string): number {
  let value = Number.NaN;
  for (const chain of text.split(',')) {
    const [first, ...rest] = chain.split('=');
    const start = /^(\d+)([-+*/])(\d+)$/.exec(first);
    if (start === null) throw new Error(`no step: ${first}`);
    let step: [number, string, number] = [Number(start[1]), start[2], Number(start[3])];
    for (const piece of rest) {
      const next = /^(\d+)(?:([-+*/])(\d+))?$/.exec(piece);
      if (next === null) throw new Error(`no value: ${piece}`);
      const [a, operator, b] = step;
      value = { '+': a + b, '-': a - b, '*': a * b, '/': a / b }[operator] as number;
      expect(value).toBe(Number(next[1]));
      step = [value, next[2], Number(next[3])];
    }
  }
  return value;
}

describe('countdown', () => {
  it('answers right exactly where the demonstration says so, at the share asked for', async () => {
    for (const demonstrationAccuracy of [0, 0.5, 1]) {
      const environment = countdown({ demonstrationAccuracy });
      const tasks = tasksOf(environment, 1000);
      const grades = await scores(environment, tasks);
      grades.forEach((grade, i) => {
        expect(grade.score).toBe(tasks[i].metadata?.demonstrationIsRight ? 1 : 0);
        expect(grade.parts).toMatchObject({ parsed: 1, numbers: 1, operations: 1 });
      });
      const share = grades.reduce((sum, { score }) => sum + score, 0) / grades.length;
      expect(Math.abs(share - demonstrationAccuracy)).toBeLessThan(0.05);
    }
  });

  it('shows true steps, and only the last try of a right demonstration hits', () => {
    const environment = countdown({ numbers: [3, 5], operations: ['+', '-', '*', '/'], maxLength: 200 });
    for (const { completion = '', data, metadata } of tasksOf(environment, 500)) {
      const results = completion.split('#')[0].split(';').map(readTry);
      expect(results.length).toBe(metadata?.tries);
      const last = results.pop();
      expect(last === data.target).toBe(metadata?.demonstrationIsRight);
      for (const result of results) expect(result).not.toBe(data.target);
    }
  });

  it('keeps to 64 characters of its own symbols by default', () => {
    const environment = countdown();
    const tokenizer = symbolTokenizer(environment.symbols);
    for (const { prompt, completion } of tasksOf(environment, 3000)) {
      const text = `${prompt}${completion}`;
      expect(text.length).toBeLessThanOrEqual(64);
      expect(tokenizer.encode(text).length).toBe(text.length);
    }
  });

  it('keeps to its knobs', () => {
    const environment = countdown({
      numbers: [2, 4],
      maxNumber: 9,
      maxTarget: 30,
      operations: ['+', '*'],
      demonstrationDetours: [1, 1],
      maxLength: 200,
    });
    const counts = new Set<number>();
    for (const { prompt, completion = '', data, metadata } of tasksOf(environment, 300)) {
      counts.add(data.numbers.length);
      expect(Math.max(...data.numbers)).toBeLessThanOrEqual(9);
      expect(data.target).toBeLessThanOrEqual(30);
      expect(completion).not.toMatch(/[-/]/);
      expect(prompt).toBe(`${data.numbers.join(',')}=${data.target}:`);
      if (data.numbers.length > 2) expect(metadata?.tries).toBe(metadata?.demonstrationIsRight ? 2 : 1);
    }
    expect([...counts].sort()).toEqual([2, 3, 4]);
  });

  it('draws all operations about as often', () => {
    const all = tasksOf(countdown({ demonstrationAccuracy: 1, demonstrationDetours: [0, 0] }), 1500);
    const answers = all.map(({ completion = '' }) => completion.split('#')[1]).join('');
    const counts = ['+', '-', '*'].map((operator) => answers.split(operator).length - 1);
    for (const count of counts) expect(Math.abs(count / 3000 - 1 / 3)).toBeLessThan(0.05);
  });

  it('accepts any right answer, and each number at most once where that is asked', async () => {
    const task: Task<CountdownData> = {
      id: 'x',
      prompt: '3,8,5=24:',
      data: { numbers: [3, 8, 5], target: 24 },
    };
    const answers = ['3*8#3*8', '#(8-5)*8', '#8*3*5/5', 'no answer', '#8*(5-3)+8', '#3*8'];
    const score = async (environment: Environment<CountdownData>) =>
      (
        await scores(
          environment,
          answers.map(() => task),
          answers,
        )
      ).map((grade) => grade.score);
    expect(await score(countdown())).toEqual([0, 0, 0, 0, 0, 0]);
    expect(await score(countdown({ use: 'atMost' }))).toEqual([1, 0, 0, 0, 0, 1]);
    const exact: Task<CountdownData> = { ...task, data: { numbers: [3, 8, 5], target: 29 } };
    const [hit, wrongOperator] = await scores(countdown(), [exact, exact], ['1+1=2#1#5+8*3', '#5+8/3']);
    expect([hit.score, wrongOperator.parts?.operations]).toEqual([1, 0]);
  });

  it('says so where no problem exists', () => {
    expect(() => countdown({ numbers: [6, 6], operations: ['+'], maxTarget: 5 }).task('train', 0)).toThrow(
      /no problem found/,
    );
  });
});

describe('randomTry', () => {
  it('goes on from the value just made, and writes the larger number first', () => {
    const texts = new Set<string>();
    for (let i = 0; i < 200; i++) {
      const attempt = randomTry([3, 5, 20], ['*', '-'], rng(i, 'try'));
      if (attempt) texts.add(attempt.text);
    }
    expect([...texts].sort()).toEqual(['20*3=60-5=55', '20*5=100-3=97', '5*3=15,20-15=5']);
  });
});
