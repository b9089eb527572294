/** `abstain` in a recipe's file of tasks: three outcomes, characters that a fresh model needs, and what is refused. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeEnvironment } from './environment.ts';

let folder: string;
let file: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'burnish-abstain-'));
  file = join(folder, 'questions.jsonl');
  const lines = ['Peru', 'Chile', 'Cuba'].map((name) =>
    JSON.stringify({ prompt: `${name}?`, answer: 'Lima' }),
  );
  await writeFile(file, lines.join('\n'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('environment.abstain', () => {
  it('grades whole phrases as abstentions, and teaches a fresh tokenizer their characters', async () => {
    const { environment } = await makeEnvironment({ file, abstain: ["I don't know"] });
    const task = environment.task('train', 0);
    const grade = (completion: string) =>
      environment.grader.grade(
        { task, completion, tokens: [], finishReason: 'stop' },
        new AbortController().signal,
      );
    expect(await grade("I don't know.")).toMatchObject({
      score: 0.5,
      parts: { abstained: 1, truthfulness: 0 },
    });
    expect(await grade('Lima')).toMatchObject({ score: 1, parts: { correct: 1 } });
    expect(await grade('Rome')).toMatchObject({ score: 0, parts: { wrong: 1, truthfulness: -1 } });
    expect(environment.symbols).toContain("'");
    expect(new Set(environment.symbols).size).toBe(environment.symbols.length);
  });

  it('refuses what is no list of phrases', async () => {
    await expect(makeEnvironment({ file, abstain: 'unknown' })).rejects.toThrow(
      'environment.abstain: "unknown"',
    );
    await expect(makeEnvironment({ file, abstain: ['?'] })).rejects.toThrow('abstain is ["?"]');
  });
});
