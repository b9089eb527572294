/** Rows for people (aligned columns or Markdown) and for programs (JSON lines). */
import type { BenchRow } from './row.ts';

const HEADERS = ['work', 'ours', 'range', 'unit', 'peer', 'ratio', 'of peak', 'memory', 'the peer', 'notes'];

/** Three significant digits, whole numbers from 100 up, thousands apart. */
export function figure(value: number): string {
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en').replaceAll(',', ' ');
  return String(Number(value.toPrecision(3)));
}

/** `slower`: our speed as a share of what it was, where that is a regression. */
function cells(row: BenchRow, slower: number | undefined): string[] {
  const { work, unit, ours, low, high, peerFigure, ratio, peakShare, memoryMiB } = row;
  const mark = slower === undefined ? [] : [`SLOWER: ${Math.round(100 * slower)} % of its last speed`];
  const range = (a: number, b: number) => (a === b ? '' : `${figure(a)}-${figure(b)}`);
  const peerRange = row.peerLow === undefined ? '' : range(row.peerLow, row.peerHigh ?? row.peerLow);
  return [
    work,
    figure(ours),
    range(low, high),
    unit,
    peerFigure === undefined ? '' : `${figure(peerFigure)}${peerRange && ` (${peerRange})`}`,
    ratio === undefined ? '' : `${ratio.toFixed(2)} x`,
    peakShare === undefined ? '' : `${Math.round(100 * peakShare)} %`,
    memoryMiB === undefined ? '' : `${figure(memoryMiB)} MiB`,
    row.peer ?? '',
    [...mark, ...(row.note === undefined ? [] : [row.note])].join('; '),
  ];
}

/** Column headers and cells; columns without anything are left out. */
export function tableLines(rows: readonly BenchRow[], slower: readonly (number | undefined)[]): string[][] {
  const lines = [HEADERS, ...rows.map((row, i) => cells(row, slower[i]))];
  const kept = HEADERS.map((_, column) => lines.slice(1).some((line) => line[column] !== ''));
  return lines.map((line) => line.filter((_, column) => kept[column]));
}

/** Aligned with spaces. */
export function plainTable(lines: readonly string[][]): string {
  const widths = lines[0].map((_, column) => Math.max(...lines.map((line) => line[column].length)));
  return lines
    .map((line) =>
      line
        .map((cell, i) => cell.padEnd(widths[i]))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

export function markdownTable(lines: readonly string[][]): string {
  const bar = (line: readonly string[]) =>
    `| ${line.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  const [headers, ...rest] = lines;
  return [bar(headers), `|${headers.map(() => '---|').join('')}`, ...rest.map(bar)].join('\n');
}

/** One object a row, with every key that comparisons need; null where there is no peer. */
export function jsonLine(row: BenchRow): string {
  const { work, ours, peer = null, peerFigure = null, unit, ratio = null, peakShare = null, ...more } = row;
  return JSON.stringify({ work, ours, peer, peerFigure, unit, ratio, peakShare, ...more });
}
