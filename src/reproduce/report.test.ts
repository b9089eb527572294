/** What the report says: warnings, status, words; the list of papers from committed reports. */
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Reproduction } from './declaration.ts';
import { armFingerprint, criteriaFingerprint } from './fingerprint.ts';
import { PAPERS } from './paper-list.ts';
import { paperStates } from './papers.ts';
import { buildReport } from './report.ts';
import { checkResult, readResult, type StoredResult, writeResult } from './results.ts';
import { reproduction as tiny } from './testing/tiny.ts';
import { writeReproduction } from './write-report.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'burnish-report-'));
});
afterEach(() => rm(folder, { recursive: true }));

const scores: Record<string, number> = { plain: 0.4, bonus: 0.6, copy: 0.6 };

function result(arm: string, seed: number, change: Partial<StoredResult> = {}): StoredResult {
  return {
    arm,
    seed,
    metrics: { score: scores[arm] + seed / 100, tokens: 10 },
    curves: { score: { x: [0, 1], y: [0, scores[arm]] } },
    spent: arm === 'copy' ? 0 : 1000,
    seconds: 30,
    fingerprint: armFingerprint(tiny, arm),
    criteria: criteriaFingerprint(tiny.criteria),
    commit: 'abc1234',
    machine: '2 x machine',
    ...change,
  };
}

const all = (change?: (arm: string, seed: number) => Partial<StoredResult>) =>
  Object.keys(tiny.arms).flatMap((arm) => tiny.seeds.map((seed) => result(arm, seed, change?.(arm, seed))));
const build = (results: StoredResult[], reproduction: Reproduction = tiny, stale: string[] = []) =>
  buildReport({ reproduction, results, failures: [], stale, command: 'burnish reproduce tiny' });

describe('buildReport', () => {
  it('warns of a changed inequality, stale arms, unequal budgets and borrowed seeds', () => {
    expect(build(all()).warnings).toEqual([]);
    expect(build(all((arm) => (arm === 'plain' ? { criteria: 'other' } : {}))).warnings).toEqual([
      'The inequality was changed after these were run: plain/1, plain/2, plain/3.',
    ]);
    expect(build(all(), tiny, ['bonus/1']).warnings[0]).toContain('bonus/1');
    const uneven = build(all((arm) => (arm === 'bonus' ? { spent: 2000 } : {})));
    expect(uneven.budget.spread).toBe(0.5);
    expect(uneven.warnings).toEqual([
      "The arms' budgets differ by 50.0 %, more than the 5.0 % that was declared.",
    ]);
    const borrowed = build([...all(), result('plain', 0), result('bonus', 0)]);
    expect(borrowed.warnings[0]).toContain(
      'Settings were chosen on these seeds, which the figures include: 0',
    );
  });

  it('is finished only with every declared arm and seed', () => {
    expect(build(all())).toMatchObject({ status: 'finished', verdict: 'holds', minutes: 4.5 });
    const lacking = all().filter(({ arm, seed }) => !(arm === 'copy' && seed === 3));
    expect(build(lacking)).toMatchObject({ status: 'partial', verdict: 'holds' });
    const two = build(all().filter(({ seed }) => seed < 3));
    expect(two).toMatchObject({ status: 'partial', verdict: 'inconclusive' });
    expect(two.criteria[0]).toMatchObject({ favours: true, agree: 2 });
  });

  it('turns against a claim whose figures do', () => {
    const reversed = all((arm) => (arm === 'bonus' ? { metrics: { score: 0.3 } } : {}));
    expect(build(reversed).verdict).toBe('does not hold');
  });

  it('is headed by the inequality that settles the verdict', () => {
    const [first] = tiny.criteria;
    const second = { ...first, says: 'the copy is better than the bonus', arm: 'copy', than: 'bonus' };
    const two = { ...tiny, criteria: [first, second] } as Reproduction;
    const known = { criteria: criteriaFingerprint(two.criteria) };
    expect(
      build(
        all(() => known),
        two,
      ),
    ).toMatchObject({
      verdict: 'does not hold',
      figure:
        'not shown that the copy is better than the bonus: score 62.0 % against 62.0 %: 0.0 points [0.0, 0.0]',
    });
    expect(build(all()).figure).toBe('score 62.0 % against 42.0 %: +20.0 points [20.0, 20.0]');
  });
});

it('writeReproduction writes Markdown, JSON and plots, with the notes of people', async () => {
  await writeFile(join(folder, 'tiny.md'), '## Why\n\nBecause.\n');
  const out = join(folder, 'out');
  const results = all();
  const written = await writeReproduction({
    reproduction: tiny,
    report: build(results),
    results,
    folder: out,
    notes: folder,
  });
  const text = await readFile(written.markdown, 'utf8');
  expect(text).toContain(
    '**Verdict: the claim holds.** score 62.0 % against 42.0 %: +20.0 points [20.0, 20.0].',
  );
  for (const part of [
    '## Why',
    '![Score by arm](tiny-1.png)',
    'Made up.',
    'commit abc1234',
    'above 10.0 points',
  ])
    expect(text).toContain(part);
  expect(text).toContain('| bonus | 61.0 % | 62.0 % | 63.0 % |');
  const json = JSON.parse(await readFile(written.json, 'utf8'));
  expect(json).toMatchObject({ format: 1, name: 'tiny', verdict: 'holds', plots: [{}, {}] });
  expect(json.results).toHaveLength(9);
  expect(written.plots).toHaveLength(2);
  for (const plot of written.plots) expect((await stat(plot)).size).toBeGreaterThan(2000);
});

describe('results on disk', () => {
  it('come back as written; half a file is none', async () => {
    await writeResult(folder, result('plain', 1));
    expect(await readResult(folder, 'plain', 1)).toEqual(result('plain', 1));
    expect(await readResult(folder, 'plain', 2)).toBeUndefined();
    await writeFile(join(folder, 'arms/plain/seed-1/result.json'), '{"arm": "pl');
    expect(await readResult(folder, 'plain', 1)).toBeUndefined();
  });

  it('hold finite numbers only', () => {
    expect(() => checkResult({ metrics: { a: Number.NaN } })).toThrow('metric a is NaN');
    expect(() => checkResult({ metrics: {}, perTask: { a: [0, Infinity] } })).toThrow(
      'a of task 1 is Infinity',
    );
    expect(() => checkResult({ metrics: {}, curves: { c: { x: [1], y: [] } } })).toThrow(
      'curve c has 1 x and 0 y',
    );
    expect(() => checkResult({ metrics: {}, spent: -1 })).toThrow('spent is -1');
  });
});

describe('papers', () => {
  it('are 43, numbered, with names of their own', () => {
    expect(PAPERS.map(({ id }) => id)).toEqual(Array.from({ length: 43 }, (_, i) => i + 1));
    expect(new Set(PAPERS.map(({ name }) => name)).size).toBe(43);
    for (const { name, title, arxiv } of PAPERS) {
      expect(name).toMatch(/^[a-z0-9-]+$/);
      expect(title.length).toBeGreaterThan(10);
      expect(arxiv).toMatch(/^\d{4}\.\d{5}$/);
    }
  });

  it('take status, verdict and figure from committed reports alone', async () => {
    const report = { ...build(all()), name: 'mrt' };
    await writeFile(join(folder, 'mrt.json'), JSON.stringify(report));
    const states = await paperStates(folder, ['mrt', 'nft']);
    expect(states).toHaveLength(43);
    const by = (name: string) => states.find((state) => state.name === name);
    const { figure } = report;
    expect(by('mrt')).toMatchObject({ id: 1, status: 'finished', verdict: 'holds', figure });
    expect(by('nft')).toMatchObject({ status: 'declared', verdict: null, command: 'burnish reproduce nft' });
    expect(by('salmon')).toMatchObject({ status: 'planned', verdict: null, command: null });
    await writeFile(join(folder, 'nft.json'), JSON.stringify(report));
    await expect(paperStates(folder, [])).rejects.toThrow('nft.json is no report of nft');
  });
});
