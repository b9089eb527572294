/** Rows of the parity table, and how they are printed. */
import type { Bounded } from './bounded.ts';

export interface ParityRow {
  check: string;
  /** What was compared with. */
  against: string;
  file: string;
  /** Tests that ran. */
  cases: number;
  failed: number;
  /** Of the assertion that came nearest to failing; absent where everything is compared for equality. */
  largest?: Bounded;
  pass: boolean;
}

/** The object that `--json` prints for a row. */
export function toJson({ largest, ...row }: ParityRow): Record<string, string | number | boolean | null> {
  return { ...row, difference: largest?.difference ?? null, tolerance: largest?.tolerance ?? null };
}

/** The table for people. */
export function formatTable(rows: readonly ParityRow[]): string {
  const figure = (x: number) =>
    x === 0 ? '0' : Math.abs(x) >= 0.01 && Math.abs(x) < 1e4 ? x.toPrecision(3) : x.toExponential(1);
  const cells = rows.map(({ check, against, cases, largest, pass, failed }) => [
    check,
    against,
    String(cases),
    largest ? figure(largest.difference) : '—',
    largest ? figure(largest.tolerance) : '—',
    pass ? 'pass' : cases === 0 ? 'FAIL (no tests)' : `FAIL (${failed})`,
  ]);
  const head = ['check', 'compared with', 'cases', 'largest difference', 'tolerance', 'result'];
  const lines = [head, ...cells];
  const widths = head.map((_, column) => Math.max(...lines.map((line) => line[column].length)));
  return lines
    .map((line) =>
      line
        .map((cell, column) =>
          column >= 2 && column <= 4 ? cell.padStart(widths[column]) : cell.padEnd(widths[column]),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
