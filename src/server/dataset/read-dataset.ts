/** Reads a dataset file into tasks, and says of every bad line what is wrong with it. */
import type { Task } from '../../types/index.ts';
import { jsonLines } from '../files/check-jsonl.ts';
import { LineError, type LineKind, tasksOfLine } from './lines.ts';

export interface LineProblem {
  /** From 1. */
  line: number;
  reason: string;
}

export interface Dataset {
  tasks: Task[];
  lines: number;
  problems: LineProblem[];
  /** Lines that repeat an earlier one. */
  duplicates: number[];
}

/** Reads the lines of a file. `check` may refuse a line's tasks by throwing a LineError. */
export async function readDataset(
  path: string,
  kind: LineKind,
  check: (task: Task) => void = () => undefined,
): Promise<Dataset> {
  const dataset: Dataset = { tasks: [], lines: 0, problems: [], duplicates: [] };
  const seen = new Set<string>();
  for await (const { line, value, reason } of jsonLines(path)) {
    dataset.lines++;
    if (value === undefined) {
      dataset.problems.push({ line, reason: reason ?? 'it cannot be read' });
      continue;
    }
    const text = JSON.stringify(value);
    if (seen.has(text)) dataset.duplicates.push(line);
    seen.add(text);
    try {
      const tasks = tasksOfLine(kind, value, `line-${line}`);
      tasks.forEach(check);
      dataset.tasks.push(...tasks);
    } catch (error) {
      if (!(error instanceof LineError)) throw error;
      dataset.problems.push({ line, reason: error.message });
    }
  }
  return dataset;
}

/** Bad lines that a message lists. */
const LISTED = 10;

/** Problems as one text. */
export function problemsText(problems: readonly LineProblem[]): string {
  const shown = problems.slice(0, LISTED).map(({ line, reason }) => `line ${line}: ${reason}`);
  const more = problems.length > LISTED ? [`and ${problems.length - LISTED} more`] : [];
  return [...shown, ...more].join('; ');
}
