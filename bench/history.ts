/** The record of earlier figures, one JSON line each, and how a new one compares with them. */
import { appendFile, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { type BenchRow, isFaster } from './row.ts';
import { median } from './turns.ts';

export interface HistoryEntry {
  /** ISO 8601 time. */
  date: string;
  /** Commit of the project, with `-dirty` where files had changed since. */
  commit: string;
  /** Processor model and number of processors: figures of other machines say nothing. */
  machine: string;
  row: BenchRow;
}

export const HISTORY_FILE: string = fileURLToPath(new URL('./history.jsonl', import.meta.url));

/** How many of the last records count, and from which loss of speed on a row is marked. */
const RECENT = 5;
const TOLERANCE = 0.15;

/** All entries, oldest first; none where there is no file. Throws naming the line that is no entry. */
export async function readHistory(path: string): Promise<HistoryEntry[]> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  return text.split('\n').flatMap((line, i) => {
    if (line.trim() === '') return [];
    try {
      return [JSON.parse(line) as HistoryEntry];
    } catch (error) {
      throw new Error(`${path}: line ${i + 1} is no JSON: ${(error as Error).message}`);
    }
  });
}

/** Adds entries at the end. */
export async function appendHistory(path: string, entries: readonly HistoryEntry[]): Promise<void> {
  await appendFile(path, entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
}

/**
 * Our speed as a share of the median of the last records of the same work on the same machine, where it is below 1 by more
 * than the tolerance; else undefined. A work that was measured with several peers has several equal records a run: one of each
 * date counts.
 */
export function regression(
  row: BenchRow,
  history: readonly HistoryEntry[],
  machine: string,
): number | undefined {
  const byDate = new Map<string, number>();
  for (const entry of history)
    if (entry.machine === machine && entry.row.work === row.work && entry.row.unit === row.unit)
      byDate.set(entry.date, entry.row.ours);
  const recent = [...byDate.values()].slice(-RECENT);
  if (recent.length === 0) return undefined;
  const before = median(recent);
  const share = isFaster(row.unit) ? row.ours / before : before / row.ours;
  return share < 1 - TOLERANCE ? share : undefined;
}
