/**
 * Lanes: several runs at the same time, each on one thread. A batch that is shared out to lanes takes less time than one
 * whose every operation is shared out to the same threads: nobody waits between operations, and small operations are
 * shared out too (docs/architecture.md has figures).
 */
import { type BoundRun, beginOn } from './bound-run.ts';
import { runtimeInfo } from './environment.ts';
import { LaneThread } from './lane-thread.ts';

/** Threads besides the calling one; started when they are first wanted. */
const threads: LaneThread[] = [];

/** How many runs can go on at the same time: the threads that runs share, or the power of two below. */
export function laneCount(): number {
  return 2 ** Math.floor(Math.log2(runtimeInfo().threads));
}

/**
 * Makes runs of `singleThread` sessions at the same time, at most `laneCount()` of them. With `blocking` this thread does
 * its share, and blocks until all have ended: the least overhead, for runs of milliseconds; without, the event loop goes on.
 * Settles when all have ended; rejects with the error of the first that failed.
 */
export async function runTogether(runs: readonly BoundRun[], blocking: boolean): Promise<void> {
  const others = runs.slice(1);
  while (threads.length < others.length) threads.push(new LaneThread());
  // Threads take tenths of a second to start: until then, others that every Node process has do.
  const lanes = threads.slice(0, others.length);
  if (!lanes.every((thread) => thread.free)) await settleAll(runs.map((run) => run.run()));
  else if (blocking) {
    const ends = others.map((run, i) => beginOn(run, lanes[i], false));
    const own = async () => runs[0].runSync();
    await settleAll([own(), ...ends.map(async (end) => end.join())]);
  } else {
    const ends = others.map((run, i) => beginOn(run, lanes[i], true));
    await settleAll([runs[0].run(), ...ends.map((end) => end.settled())]);
  }
}

/** Waits for all, then rejects with the first error. */
async function settleAll(promises: readonly Promise<void>[]): Promise<void> {
  for (const outcome of await Promise.allSettled(promises))
    if (outcome.status === 'rejected') throw outcome.reason;
}
