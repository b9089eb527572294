/** List programs: references pass, programs without a tier's word fail that tier, and splits share no requirements. */
import { describe, expect, it } from 'vitest';
import { listProgramOutput } from '../graders/index.ts';
import { symbolTokenizer } from '../text/index.ts';
import { type ListProgramsData, listPrograms } from './list-programs.ts';

const environment = listPrograms({ validationSize: 40, testSize: 40 });
const signal = new AbortController().signal;
const tasks = Array.from({ length: 200 }, (_, i) => environment.task('train', i));
const wordsOf = (text: string) =>
  text
    .trim()
    .split(' ')
    .filter((word) => word !== ':')
    .sort()
    .join(' ');

async function partsOf(task: (typeof tasks)[number], completion: string): Promise<Record<string, number>> {
  const grade = await environment.grader.grade(
    { task, completion, tokens: [], finishReason: 'stop' },
    signal,
  );
  return grade.status === 'graded' ? { score: grade.score, ...grade.parts } : {};
}

describe('list-programs', () => {
  it('has references that pass every tier', async () => {
    const tokenizer = symbolTokenizer(environment.symbols);
    for (const task of tasks) {
      const { tests, program } = task.data as ListProgramsData;
      expect(tests.map(({ tier }) => tier)).toEqual(['basic', 'medium', 'high', 'edge']);
      expect(task.completion?.trim()).toBe(program);
      expect(wordsOf(task.prompt as string)).toBe(wordsOf(program));
      expect(await partsOf(task, task.completion ?? '')).toEqual({
        score: 1,
        basic: 1,
        medium: 1,
        high: 1,
        edge: 1,
        format: 1,
      });
      expect(tokenizer.encode(task.prompt as string).length).toBeLessThanOrEqual(8);
      expect(tokenizer.decode(tokenizer.encode(task.completion ?? ''))).toBe(task.completion);
    }
  });

  it('fails a tier where its word is left out', async () => {
    const seen = { medium: 0, high: 0, edge: 0 };
    for (const task of tasks) {
      const { program } = task.data as ListProgramsData;
      for (const [tier, word] of [
        ['medium', /dedup /],
        ['high', /(abs|relu) /],
        ['edge', / or[01]/],
      ] as const) {
        if (!word.test(program)) continue;
        seen[tier]++;
        expect((await partsOf(task, program.replace(word, '')))[tier]).toBe(0);
      }
    }
    expect(Math.min(...Object.values(seen))).toBeGreaterThan(30);
  });

  it('holds out requirements, not only tests', () => {
    const held = new Set(
      (['validation', 'test'] as const).flatMap((split) =>
        Array.from({ length: environment.size(split) }, (_, i) =>
          wordsOf(environment.task(split, i).prompt as string),
        ),
      ),
    );
    expect(held.size).toBe(80);
    expect(tasks.filter((task) => held.has(wordsOf(task.prompt as string)))).toEqual([]);
  });

  it('forgets and errs in worked completions, never in tests', () => {
    const careless = listPrograms({ forget: 0.6, noise: 0.2, validationSize: 1, testSize: 1 });
    let shorter = 0;
    let other = 0;
    tasks.forEach((task, i) => {
      const shown = careless.task('train', i);
      const { tests, program } = shown.data;
      expect(shown.prompt).toBe(task.prompt);
      expect(tests).toEqual((task.data as ListProgramsData).tests);
      for (const { input, output } of tests) expect(listProgramOutput(program, input)).toBe(output);
      const said = (shown.completion ?? '').trim().split(' ');
      if (said.length < program.split(' ').length) shorter++;
      if (said.some((word) => !program.includes(word))) other++;
    });
    expect(shorter).toBeGreaterThan(100);
    expect(other).toBeGreaterThan(60);
    expect(() => listPrograms({ forget: 2 })).toThrow(/option forget is 2/);
  });
});
