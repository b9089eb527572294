/** When a batch is shared out to lanes, and when all threads work on each of its operations. */
import { laneCount } from '../../tensor/index.ts';
import type { Threads } from './programs.ts';

/** How a program is run: in so many lanes, each with its share of the rows, by programs for so many threads. */
export interface Sharing {
  lanes: number;
  threads: Threads;
}

/** How `rows` rows of a decoding step or a prompt are shared out. */
export type Share = (rows: number) => Sharing;

/**
 * A step, or a reading of prompts, shorter than this runs on the calling thread: handing it to another one and waking up again was
 * measured to cost a fifth of a step of 64 rows, and half of reading 16 prompts. The event loop waits that long at most.
 */
export const INLINE_MILLISECONDS = 16;

/**
 * Fewest rows of a lane. Every lane reads all weights, so that lanes of fewer rows gain only where threads sleep between
 * operations, and lose where they spin.
 */
const LANE_ROWS = 16;
/** Weights of at most this many bytes are read from a processor's last cache, which one thread does as fast as several. */
const CACHED_WEIGHT_BYTES = 16 * 2 ** 20;

/** Lanes for many rows: the same whether threads spin or sleep, so that results do not depend on how busy the machine is. */
export const shareMany: Share = (rows) => share(rows, LANE_ROWS);

/** Lanes wherever that can be, for threads that sleep between operations; a row on its own is for one thread. */
export function shareAny(weightBytes: number): Share {
  return (rows) =>
    rows === 1 && weightBytes <= CACHED_WEIGHT_BYTES ? { lanes: 1, threads: 'one' } : share(rows, 1);
}

function share(rows: number, least: number): Sharing {
  const lanes = laneCount();
  return lanes > 1 && rows % lanes === 0 && rows >= lanes * least
    ? { lanes, threads: 'one' }
    : { lanes: 1, threads: 'all' };
}
