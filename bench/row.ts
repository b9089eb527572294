/** One row of the benchmark table. */

/** Units of speed count up; all others count down. */
const SPEEDS = ['tokens/s', 'completions/s', 'tasks/s', 'GFLOP/s'] as const;
const COSTS = ['ms', 'x time', 'MiB', '%'] as const;

export type Unit = (typeof SPEEDS)[number] | (typeof COSTS)[number];

export interface BenchRow {
  /** Named like `train 2.9M 32x128`. */
  work: string;
  unit: Unit;
  /** Median over the repetitions, and their range. */
  ours: number;
  low: number;
  high: number;
  repetitions: number;
  /** What the peer is; absent when none takes part. */
  peer?: string;
  peerFigure?: number;
  peerLow?: number;
  peerHigh?: number;
  /** Our speed divided by the peer's: above 1 we are faster. */
  ratio?: number;
  /** Model operations a second as a share of the machine's measured matrix-product peak; see flops.ts. */
  peakShare?: number;
  /** Peak resident memory of a process that does this work alone, MiB. */
  memoryMiB?: number;
  /** What a reader has to know, such as why a peer did not run. */
  note?: string;
}

/** Whether more of the unit is better. */
export function isFaster(unit: Unit): boolean {
  return (SPEEDS as readonly string[]).includes(unit);
}
