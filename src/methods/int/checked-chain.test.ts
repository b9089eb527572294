/** Chains with checks: what is right, what is shown, and where the first error lies. */
import { describe, expect, it } from 'vitest';
import { misconceptionsOf } from '../../environments/index.ts';
import { symbolTokenizer } from '../../text/index.ts';
import { CHECK_PATTERN, type CheckedChainOptions, checkedChain } from './checked-chain.ts';
import { parseProposal } from './interventions.ts';

const options = (more: Partial<CheckedChainOptions> = {}): CheckedChainOptions => ({
  steps: [3, 6],
  misconceptions: 30,
  misconceived: 0.8,
  slips: 0.05,
  checks: 0,
  least: 0,
  worked: 'noisy',
  seed: 1,
  validationSize: 20,
  testSize: 20,
  ...more,
});
const indices = Array.from({ length: 200 }, (_, i) => i);
const tasksOf = (more: Partial<CheckedChainOptions>) => {
  const environment = checkedChain(options(more));
  return { environment, tasks: indices.map((i) => environment.task('train', i)) };
};
const truthOf = (prompt: string) => {
  const digits = [...prompt.slice(1, prompt.indexOf('='))].map(Number);
  let sum = digits[0];
  return digits.slice(1).map((digit) => {
    sum = (sum + digit) % 10;
    return sum;
  });
};
const scoreOf = async (environment: ReturnType<typeof checkedChain>, i: number, completion: string) => {
  const task = environment.task('train', i);
  const grade = await environment.grader.grade(
    { task, completion, tokens: [], finishReason: 'stop' },
    new AbortController().signal,
  );
  return grade.status === 'graded' ? grade.score : undefined;
};

describe('checkedChain', () => {
  it('gives right ways a score of 1 in both notations, and noisy ones often 0', async () => {
    for (const worked of ['right', 'reference'] as const) {
      const { environment, tasks } = tasksOf({ worked });
      for (const i of indices.slice(0, 20))
        expect(await scoreOf(environment, i, tasks[i].completion ?? '')).toBe(1);
    }
    const { environment, tasks } = tasksOf({});
    const scores = await Promise.all(indices.map((i) => scoreOf(environment, i, tasks[i].completion ?? '')));
    const right = scores.filter((score) => score === 1).length;
    expect(right).toBeGreaterThan(20);
    expect(right).toBeLessThan(120);
    expect(tasksOf({ worked: 'reference' }).tasks[0].completion).toMatch(/^[a-j]+A\d{3}$/);
  });

  it('meets as many misconceptions as asked for', () => {
    const misconceptions = misconceptionsOf(Array(30).fill(0.8));
    for (const { prompt } of tasksOf({ least: 3, steps: [6, 6] }).tasks) {
      const digits = [...(prompt as string).slice(1, -1)].map(Number);
      const values = [digits[0], ...truthOf(prompt as string)];
      const met = digits.slice(1).filter((d, i) => misconceptions.has(10 * values[i] + d)).length;
      expect(met).toBeGreaterThanOrEqual(3);
    }
  });

  it('asks for the first wrong step of an attempt, and knows it', () => {
    const { environment, tasks } = tasksOf({ checks: 1 });
    const tokenizer = symbolTokenizer(environment.symbols);
    let wrong = 0;
    for (const { prompt, completion = '' } of tasks) {
      const text = prompt as string;
      const match = /^V(Q\d+=)R([a-j]+)A(\d{3})T((?:\d;)+)A\d{3}:$/.exec(text);
      const [, problem, letters, , trace] = match ?? [];
      const truth = truthOf(problem);
      expect([...letters].map((letter) => letter.charCodeAt(0) - 97)).toEqual(truth);
      const shown = trace.split(';').slice(0, -1).map(Number);
      const first = shown.findIndex((value, i) => value !== truth[i]);
      const proposal = parseProposal(completion, CHECK_PATTERN, ';');
      if (first < 0) expect([completion, proposal]).toEqual(['0', undefined]);
      else expect(proposal).toEqual({ location: first + 1, content: `${truth[first]};` });
      wrong += Number(first >= 0);
      expect(tokenizer.encode(text).length).toBeLessThan(34);
    }
    expect(wrong).toBeGreaterThan(100);
  });
});
