/** Tables: columns that line up, regressions that show, and JSON with every key that comparisons need. */
import { describe, expect, it } from 'vitest';
import type { BenchRow } from './row.ts';
import { figure, jsonLine, markdownTable, plainTable, tableLines } from './table.ts';

const alone: BenchRow = {
  work: 'decode',
  unit: 'tokens/s',
  ours: 5123.4,
  low: 5000,
  high: 6000,
  repetitions: 5,
};
const beside: BenchRow = {
  ...alone,
  work: 'train',
  peer: 'PyTorch',
  peerFigure: 4000,
  peerLow: 3900,
  peerHigh: 4100,
  ratio: 1.28,
  peakShare: 0.456,
};

describe('figure', () => {
  it('keeps three digits of small numbers and all of large ones', () => {
    expect([0.01234, 7.894, 99.96, 100.4, 1234.5, 1_234_567].map(figure)).toEqual([
      '0.0123',
      '7.89',
      '100',
      '100',
      '1 235',
      '1 234 567',
    ]);
    expect(figure(-9.768)).toBe('-9.77');
  });
});

describe('tables', () => {
  it('leave out columns that are empty in every row', () => {
    expect(tableLines([alone], [undefined])).toEqual([
      ['work', 'ours', 'range', 'unit'],
      ['decode', '5 123', '5 000-6 000', 'tokens/s'],
    ]);
    const [headers, first, second] = tableLines([alone, beside], [undefined, undefined]);
    expect(headers).toEqual(['work', 'ours', 'range', 'unit', 'peer', 'ratio', 'of peak', 'the peer']);
    expect(first.slice(4)).toEqual(['', '', '', '']);
    expect(second.slice(4)).toEqual(['4 000 (3 900-4 100)', '1.28 x', '46 %', 'PyTorch']);
  });

  it('show a regression and a note', () => {
    const [headers, line] = tableLines([{ ...alone, note: 'no compiler' }], [0.812]);
    expect(headers.at(-1)).toBe('notes');
    expect(line.at(-1)).toBe('SLOWER: 81 % of its last speed; no compiler');
  });

  it('line up as text, and escape bars in Markdown', () => {
    const lines = [
      ['a', 'long header', 'c'],
      ['1', '2', '3|4'],
    ];
    const [top, bottom] = plainTable(lines).split('\n');
    expect(bottom.indexOf('3|4')).toBe(top.indexOf('c'));
    expect(markdownTable(lines)).toBe('| a | long header | c |\n|---|---|---|\n| 1 | 2 | 3\\|4 |');
  });
});

describe('jsonLine', () => {
  it('is one line with every key, null where there is no peer', () => {
    const parsed = JSON.parse(jsonLine(alone)) as Record<string, unknown>;
    expect(parsed).toMatchObject({ work: 'decode', ours: 5123.4, unit: 'tokens/s', low: 5000, high: 6000 });
    for (const key of ['peer', 'peerFigure', 'ratio', 'peakShare']) expect(parsed[key]).toBeNull();
    expect(JSON.parse(jsonLine(beside))).toMatchObject({ peer: 'PyTorch', peerFigure: 4000, ratio: 1.28 });
    expect(jsonLine(beside)).not.toContain('\n');
  });
});
