/** The record of earlier figures: read back as written, and losses of speed marked, whichever way the unit counts. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { appendHistory, type HistoryEntry, readHistory, regression } from './history.ts';
import type { BenchRow, Unit } from './row.ts';

const row = (ours: number, unit: Unit = 'tokens/s', work = 'train'): BenchRow => ({
  work,
  unit,
  ours,
  low: ours,
  high: ours,
  repetitions: 3,
});

const entry = (day: number, figures: BenchRow, machine = 'here'): HistoryEntry => ({
  date: `2026-01-0${day}T00:00:00.000Z`,
  commit: 'abc',
  machine,
  row: figures,
});

describe('regression', () => {
  const records = [100, 110, 90].map((ours, i) => entry(i + 1, row(ours)));

  it('marks what is more than 15 % slower than the median, and nothing else', () => {
    expect(regression(row(84), records, 'here')).toBeCloseTo(0.84);
    expect(regression(row(86), records, 'here')).toBeUndefined();
    expect(regression(row(500), records, 'here')).toBeUndefined();
  });

  it('turns round where less is better', () => {
    const times = [entry(1, row(100, 'ms'))];
    expect(regression(row(130, 'ms'), times, 'here')).toBeCloseTo(100 / 130);
    expect(regression(row(50, 'ms'), times, 'here')).toBeUndefined();
  });

  it('looks at the same work, unit and machine only', () => {
    expect(regression(row(10), records, 'elsewhere')).toBeUndefined();
    expect(regression(row(10, 'tokens/s', 'decode'), records, 'here')).toBeUndefined();
    expect(regression(row(10, 'completions/s'), records, 'here')).toBeUndefined();
  });

  it('looks at the last five runs, each once however many peers it had', () => {
    const old = entry(1, row(1000));
    const recent = [2, 3, 4, 5, 6].flatMap((day) => [entry(day, row(100)), entry(day, row(100))]);
    expect(regression(row(90), [old, ...recent], 'here')).toBeUndefined();
    expect(regression(row(80), [old, ...recent], 'here')).toBeCloseTo(0.8);
  });
});

describe('the file', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'burnish-history-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('holds what was appended, in order; a missing file holds nothing', async () => {
    const path = join(folder, 'history.jsonl');
    expect(await readHistory(path)).toEqual([]);
    const entries = [entry(1, row(1)), entry(2, row(2)), entry(3, row(3))];
    await appendHistory(path, entries.slice(0, 2));
    await appendHistory(path, entries.slice(2));
    expect(await readHistory(path)).toEqual(entries);
  });

  it('says which line is broken', async () => {
    const path = join(folder, 'history.jsonl');
    await writeFile(path, `${JSON.stringify(entry(1, row(1)))}\n{"date"\n`);
    await expect(readHistory(path)).rejects.toThrow('line 2');
  });
});
