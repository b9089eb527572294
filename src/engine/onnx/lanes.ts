/** When a batch is shared out to lanes, and when all threads work on each of its operations. */
import { laneCount } from '../../tensor/index.ts';
import type { Threads } from './programs.ts';

/** How a program is run: in so many lanes, each with its share of the rows, by programs for so many threads. */
export interface Sharing {
  lanes: number;
  threads: Threads;
}

/**
 * Fewest rows of a lane. Every lane reads all weights, so that lanes of fewer rows gain only where threads sleep between
 * operations, and lose where they spin.
 */
const LANE_ROWS = 16;

/** How `rows` rows of a decoding step or prefill are shared out. */
export function sharingOf(rows: number): Sharing {
  const lanes = laneCount();
  return lanes > 1 && rows % lanes === 0 && rows >= lanes * LANE_ROWS
    ? { lanes, threads: 'one' }
    : { lanes: 1, threads: 'all' };
}
