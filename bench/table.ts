/** One row of the benchmark table: our figure, the peer's, and their ratio, from repetitions that took turns. */

export interface BenchRow {
  /** Named like `train 2.9M 32x128`. */
  work: string;
  unit: 'tokens/s';
  /** Median over the repetitions. */
  ours: number;
  oursLow: number;
  oursHigh: number;
  /** What the peer is; absent when none ran. */
  peer?: string;
  peerFigure?: number;
  /** Ours divided by the peer's: above 1 we are faster. */
  ratio?: number;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Runs both sides in turn, one warm-up each, and summarises. */
export async function takeTurns(
  work: string,
  repetitions: number,
  ours: () => Promise<number>,
  peer?: { name: string; run: () => Promise<number> },
): Promise<BenchRow> {
  await ours();
  await peer?.run();
  const own: number[] = [];
  const theirs: number[] = [];
  for (let i = 0; i < repetitions; i++) {
    own.push(await ours());
    if (peer) theirs.push(await peer.run());
  }
  const row: BenchRow = {
    work,
    unit: 'tokens/s',
    ours: median(own),
    oursLow: Math.min(...own),
    oursHigh: Math.max(...own),
  };
  if (peer) {
    row.peer = peer.name;
    row.peerFigure = median(theirs);
    row.ratio = row.ours / row.peerFigure;
  }
  return row;
}

/** The table for people. */
export function printTable(rows: readonly BenchRow[]): void {
  const cells = rows.map((row) => [
    row.work,
    `${row.ours.toFixed(0)} (${row.oursLow.toFixed(0)}-${row.oursHigh.toFixed(0)})`,
    row.peerFigure === undefined ? '' : row.peerFigure.toFixed(0),
    row.ratio === undefined ? '' : `${row.ratio.toFixed(2)}x`,
    row.peer ?? '',
  ]);
  const table = [['work', 'ours, tokens/s (range)', 'peer', 'ratio', 'the peer'], ...cells];
  const widths = table[0].map((_, column) => Math.max(...table.map((line) => line[column].length)));
  for (const line of table)
    console.log(
      line
        .map((cell, i) => cell.padEnd(widths[i]))
        .join('  ')
        .trimEnd(),
    );
}
