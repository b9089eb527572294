/** `reproduce` and `papers` as people call them. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { PAPERS, type PaperState } from '../reproduce/index.ts';
import { TROUBLE, reproduction as tiny } from '../reproduce/testing/tiny.ts';
import { paperLines } from './commands/papers.ts';
import { chosenSeeds } from './commands/reproduce.ts';
import { PLAIN } from './output/style.ts';
import { burnishHere, inFolder, lastObject } from './testing/spawn.ts';

const TINY = fileURLToPath(new URL('../reproduce/testing/tiny.ts', import.meta.url));

afterEach(() => vi.unstubAllEnvs());

describe('burnish reproduce', () => {
  it('fails with the arm that crashed and its reason, keeps the others, and ends well the next time', async () => {
    await inFolder(async (cwd) => {
      const out = join(cwd, 'out');
      vi.stubEnv(TROUBLE, 'kill:bonus/1');
      const crashed = await burnishHere(['reproduce', TINY, '--out', out, '--seeds', '1', '--json']);
      expect(crashed.code).toBe(1);
      expect(crashed.stderr).toContain('bonus/1: the worker process was killed by SIGKILL');
      expect(lastObject(crashed)).toMatchObject({ status: 'failed', verdict: 'inconclusive', seeds: [1] });

      vi.unstubAllEnvs();
      const arms = ['--arms', 'bonus,plain'];
      const again = await burnishHere(['reproduce', TINY, '--out', out, '--seeds', '3', ...arms]);
      expect(again.code, again.stderr).toBe(0);
      expect(again.stdout).toContain('Verdict: the claim holds');
      expect(again.stdout).toContain('3 of 3 seeds agree');
      const report = await readFile(join(out, 'tiny.md'), 'utf8');
      expect(report).toContain('tiny.ts --arms bonus,plain --seeds 3`');
      expect(report).toContain('preliminary');
    });
  });

  it('says what is wrong with what was asked for', async () => {
    const refused = async (...args: string[]) => {
      const { code, stderr } = await burnishHere(['reproduce', ...args]);
      expect(code).toBe(2);
      return stderr;
    };
    expect(await refused('nothing-like-it')).toContain("unknown reproduction 'nothing-like-it'");
    expect(await refused('salmon')).toContain('salmon (paper 42) has no reproduction yet');
    expect(await refused('./none.js')).toContain('there is no file ./none.js');
    expect(await refused(TINY, '--arms', 'x')).toContain(
      'there is no arm x; the arms are: plain, bonus, copy',
    );
    expect(await refused(TINY, '--seeds', '2', '--publish')).toContain('--publish needs all arms');
  });

  it('takes the first declared seeds, and goes on after the last', () => {
    expect(chosenSeeds(tiny)).toEqual([1, 2, 3]);
    expect(chosenSeeds(tiny, 2)).toEqual([1, 2]);
    expect(chosenSeeds({ ...tiny, calibrationSeeds: [4] }, 5)).toEqual([1, 2, 3, 5, 6]);
  });
});

describe('burnish papers', () => {
  it('lists 43 in 80 columns, and as an array', async () => {
    const listed = await burnishHere(['papers']);
    expect(listed.code).toBe(0);
    for (const line of listed.stdout.split('\n')) expect([...line].length).toBeLessThanOrEqual(80);
    for (const { method } of PAPERS) expect(listed.stdout).toContain(method);
    expect(listed.stdout).toContain('42  SALMON                      not reproduced yet');
    const papers = lastObject(await burnishHere(['papers', '--json'])) as unknown as PaperState[];
    expect(papers).toHaveLength(43);
    for (const paper of papers) {
      expect(paper).toMatchObject({
        id: expect.any(Number),
        title: expect.any(String),
        method: expect.any(String),
      });
      expect(['finished', 'partial', 'declared', 'planned']).toContain(paper.status);
      expect(paper.verdict === null).toBe(['declared', 'planned'].includes(paper.status));
    }
  });

  it('shows verdict, figure and command of a finished one', () => {
    const paper: PaperState = {
      ...PAPERS[0],
      status: 'finished',
      verdict: 'does not hold',
      figure: 'regret at 70 tokens 0.31 against 0.42 of the other arm: −0.11 [−0.15, −0.07] over all seeds',
      criteria: [],
      seeds: [1],
      command: 'burnish reproduce mrt',
    };
    const lines = paperLines(paper, PLAIN);
    expect(lines[0]).toBe(' 1  MRT                         reproduced: does not hold');
    expect(lines.join(' ')).toContain('burnish reproduce mrt');
    for (const line of lines) expect([...line].length).toBeLessThanOrEqual(80);
  });
});
