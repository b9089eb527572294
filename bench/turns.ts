/** Repetitions of our side and of the peers in turn, so that a machine's good and bad minutes fall on all alike. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Peak } from './peak.ts';
import type { BenchRow, Unit } from './row.ts';
import { isFaster } from './row.ts';

/** One side of a comparison. */
export interface Side {
  name: string;
  /** One timed repetition; the figure in the row's unit. */
  run(): Promise<number>;
}

/** A peer that cannot run here, and why. */
export interface MissingSide {
  name: string;
  missing: string;
}

export interface Comparison {
  work: string;
  unit: Unit;
  /** Most repetitions of each side. */
  repetitions: number;
  ours(): Promise<number>;
  peers: readonly (Side | MissingSide)[];
  /** Floating-point operations of the model behind one unit of the figure, for the share of the machine's peak. */
  flopsPerUnit?: number;
  /** Looked at again before each repetition. */
  peak: Peak;
  /** Milliseconds before each side; `PAUSE` unless given. */
  pause?: number;
}

/** Repetitions after which slow work stops early. */
const ENOUGH = 3;
/** Slow work stops after this many seconds, all sides together, once it has had `ENOUGH` repetitions. */
const PATIENCE_SECONDS = 90;

/** Between two sides, in milliseconds: threads of one that spin for more work have gone to sleep when the other begins. */
const PAUSE = 300;

export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('the median of no values');
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * Warms our side up (peers come warm), runs all sides in turn and sums up: one row a peer, or one row without. Speed
 * ratios are of medians.
 */
export async function takeTurns(comparison: Comparison): Promise<BenchRow[]> {
  const { work, unit, repetitions, ours, peers, flopsPerUnit, peak, pause = PAUSE } = comparison;
  await ours();
  const own: number[] = [];
  const theirs = peers.map((): number[] => []);
  const started = performance.now();
  for (let i = 0; i < repetitions; i++) {
    peak.probe();
    await sleep(pause);
    own.push(await ours());
    for (const [p, peer] of peers.entries())
      if ('run' in peer) {
        await sleep(pause);
        theirs[p].push(await peer.run());
      }
    if (own.length >= ENOUGH && performance.now() - started > 1000 * PATIENCE_SECONDS) break;
  }
  const base: BenchRow = {
    work,
    unit,
    ours: median(own),
    low: Math.min(...own),
    high: Math.max(...own),
    repetitions: own.length,
  };
  if (flopsPerUnit !== undefined) base.peakShare = (base.ours * flopsPerUnit) / peak.best;
  if (peers.length === 0) return [base];
  return peers.map((peer, p) => {
    if ('missing' in peer) return { ...base, peer: peer.name, note: peer.missing };
    const peerFigure = median(theirs[p]);
    const range = { peerLow: Math.min(...theirs[p]), peerHigh: Math.max(...theirs[p]) };
    const ratio = isFaster(unit) ? base.ours / peerFigure : peerFigure / base.ours;
    return { ...base, peer: peer.name, peerFigure, ...range, ratio };
  });
}
