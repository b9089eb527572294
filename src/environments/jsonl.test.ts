/** Tests of tasks from JSONL files. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gradeAll, numeric } from '../graders/index.ts';
import type { Environment, Split } from '../types/index.ts';
import { loadJsonl } from './jsonl.ts';

const SPLITS: Split[] = ['train', 'validation', 'test'];
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'burnish-jsonl-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function file(text: string): Promise<string> {
  const path = join(folder, 'mine.jsonl');
  await writeFile(path, text);
  return path;
}
const lines = (n: number) =>
  Array.from({ length: n }, (_, i) => JSON.stringify({ prompt: `${i}+1=`, answer: `${i + 1}` }));
const promptsOf = <Data>(environment: Environment<Data>) =>
  SPLITS.map((split) =>
    Array.from({ length: environment.size(split) }, (_, i) => environment.task(split, i).prompt),
  );

describe('loadJsonl', () => {
  it('reads every field', async () => {
    const prompt = [{ role: 'user', content: 'Zwei é' }];
    const path = await file(
      `\uFEFF${JSON.stringify({ prompt: 'a', answer: ['b', 'c'], id: 'x', completion: 'b', metadata: { level: 2 } })}\r\n\r\n${JSON.stringify({ prompt, answer: '2' })}`,
    );
    const { environment, problems } = await loadJsonl(path, { validation: 0, test: 0 });
    expect(problems).toEqual([]);
    expect([environment.name, environment.size('train'), environment.size('test')]).toEqual(['mine', 2, 0]);
    expect(environment.task('train', 0)).toEqual({
      id: 'x',
      prompt: 'a',
      data: { answer: ['b', 'c'] },
      completion: 'b',
      metadata: { level: 2, line: 1 },
    });
    expect(environment.task('train', 1)).toEqual({
      id: 'line-3',
      prompt,
      data: { answer: '2' },
      metadata: { line: 3 },
    });
    expect(environment.symbols.join('')).toBe(' 2Zabceiwé');
  });

  it('reads preferences, whose better completion is also the answer unless told otherwise', async () => {
    const preference = { prompt: 'a', chosen: 'bx', rejected: 'cy' };
    const path = await file(
      [preference, { ...preference, prompt: 'd', answer: 'e' }]
        .map((line) => JSON.stringify(line))
        .join('\n'),
    );
    const { environment } = await loadJsonl(path, { validation: 0, test: 0 });
    expect(environment.task('train', 0)).toMatchObject({
      data: { answer: 'bx' },
      completion: 'bx',
      rejected: 'cy',
    });
    expect(environment.task('train', 1)).toMatchObject({ data: { answer: 'e' }, completion: 'bx' });
    expect(environment.symbols.join('')).toBe('abcdexy');
  });

  it('gives small files something of every split, and never one prompt to two', async () => {
    for (const n of [3, 5, 20, 200]) {
      const { environment } = await loadJsonl(await file([...lines(n), ...lines(n)].join('\n')));
      const splits = promptsOf(environment);
      for (const prompts of splits) expect(prompts.length).toBeGreaterThanOrEqual(2);
      expect(splits.flat().length).toBe(2 * n);
      expect(splits.reduce((sum, prompts) => sum + new Set(prompts).size, 0)).toBe(n);
    }
    const { environment } = await loadJsonl(await file(lines(1).join('\n')));
    expect(SPLITS.map((split) => environment.size(split))).toEqual([1, 0, 0]);
  });

  it('keeps about the shares asked for, and old lines in their split when lines are added', async () => {
    const before = (await loadJsonl(await file(lines(2000).join('\n')), { validation: 0.2, test: 0.05 }))
      .environment;
    const sizes = SPLITS.map((split) => before.size(split));
    expect(Math.abs(sizes[1] - 400)).toBeLessThan(60);
    expect(Math.abs(sizes[2] - 100)).toBeLessThan(35);
    const after = (await loadJsonl(await file(lines(2500).join('\n')), { validation: 0.2, test: 0.05 }))
      .environment;
    promptsOf(before).forEach((prompts, i) => {
      expect(promptsOf(after)[i].slice(0, prompts.length)).toEqual(prompts);
    });
  });

  it('grades by exact match, or as told', async () => {
    const path = await file(JSON.stringify({ prompt: 'p', answer: ['2', 'two'] }));
    const score = async (completion: string, grader?: Parameters<typeof loadJsonl>[1]) => {
      const { environment } = await loadJsonl(path, grader);
      const task = environment.task('train', 0);
      const [grade] = await gradeAll(environment.grader, [
        { task, completion, tokens: [], finishReason: 'stop' },
      ]);
      return grade.status === 'graded' ? grade.score : grade.reason;
    };
    expect([await score(' two'), await score('2.0')]).toEqual([1, 0]);
    expect(await score('2.0', { grader: numeric({ reference: () => '2' }) })).toBe(1);
  });

  const bad: [string, RegExp][] = [
    ['{"prompt": "a"', /not valid JSON/],
    ['[1]', /expected an object .* found \[1\]/],
    ['{"prompt": "a"}', /the field "answer" is missing: expected a text or a list of texts/],
    ['{"prompt": "a", "chosen": "b"}', /one of the fields "chosen" and "rejected" is missing/],
    [
      '{"prompt": "a", "chosen": "b", "rejected": "c", "completion": "d"}',
      /the fields "chosen" and "completion" are both there/,
    ],
    ['{"prompt": "", "answer": "b"}', /the field "prompt" is "": expected/],
    ['{"prompt": "a", "answer": 4}', /the field "answer" is 4: expected a text or a list of texts/],
    ['{"prompt": "a", "answer": []}', /the field "answer" is \[\]/],
    ['{"prompt": [{"role": "robot", "content": ""}], "answer": "b"}', /the field "prompt"/],
    [
      '{"prompt": "a", "answer": "b", "reference": "c"}',
      /unknown field "reference"; the fields are: prompt, answer/,
    ],
    ['{"prompt": "a", "answer": "b", "metadata": {"x": null}}', /the field "metadata.x" is null/],
  ];
  it.each(bad)('says what is wrong with %s', async (line, reason) => {
    const path = await file(`${lines(2).join('\n')}\n${line}\n`);
    const { problems, environment } = await loadJsonl(path, { onBadLine: 'skip' });
    expect(problems).toEqual([{ line: 3, reason: expect.stringMatching(reason) }]);
    expect(promptsOf(environment).flat().length).toBe(2);
    await expect(loadJsonl(path)).rejects.toThrow(/mine\.jsonl has 1 bad line:\n {2}line 3: /);
  });

  it('lists the first hundred bad lines and counts the rest', async () => {
    const path = await file(Array.from({ length: 103 }, (_, i) => (i === 0 ? lines(1)[0] : 'x')).join('\n'));
    await expect(loadJsonl(path)).rejects.toThrow(
      /has 102 bad lines:\n {2}line 2: (?:.*\n){99} {2}line 101: .*\n {2}… and 2 more$/,
    );
  });

  it('refuses an id that is taken', async () => {
    const path = await file('{"prompt":"a","answer":"b","id":"n"}\n{"prompt":"c","answer":"b","id":"n"}');
    await expect(loadJsonl(path)).rejects.toThrow(/line 2: the id "n" is taken by line 1/);
  });

  it('names a file that is missing, empty or a folder, and wrong options', async () => {
    await expect(loadJsonl(join(folder, 'none.jsonl'))).rejects.toThrow(/cannot read .*none\.jsonl: ENOENT/);
    await expect(loadJsonl(folder)).rejects.toThrow(/cannot read .*EISDIR/);
    await expect(loadJsonl(await file('\n \n'))).rejects.toThrow(/holds no tasks: it is empty/);
    await expect(loadJsonl(await file('x'), { onBadLine: 'skip' })).rejects.toThrow(/holds no tasks$/);
    await expect(loadJsonl(await file('x'), { validation: 2 })).rejects.toThrow(/option validation is 2/);
    await expect(loadJsonl(await file('x'), { validation: 0.5, test: 0.5 })).rejects.toThrow(
      /leave no training share/,
    );
  });
});
