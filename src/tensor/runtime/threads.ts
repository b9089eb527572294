/** How many threads a run should use on this machine. */
import { readFileSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';

/** Environment variable that sets the number of threads. */
export const THREADS_VARIABLE = 'BURNISH_THREADS';

/**
 * BURNISH_THREADS if it is set, otherwise the physical cores that this process may use: a second hyperthread
 * on a core adds nothing to matrix products. Where cores cannot be told from hyperthreads (outside Linux), every
 * processor counts. Throws a RangeError when the variable is not a whole number from 1 up.
 */
export function defaultThreads(): number {
  const variable = process.env[THREADS_VARIABLE];
  if (variable !== undefined && variable !== '') return checkThreads(THREADS_VARIABLE, Number(variable));
  return Math.min(availableParallelism(), linuxCores() ?? Number.POSITIVE_INFINITY);
}

/** Throws unless `threads` is a whole number from 1 up. */
export function checkThreads(name: string, threads: number): number {
  if (!Number.isInteger(threads) || threads < 1) {
    throw new RangeError(`${name} must be a whole number from 1 up, got ${threads}`);
  }
  return threads;
}

/** Environment variable that says what idle threads do: 1 spin, 0 sleep. */
export const SPIN_VARIABLE = 'BURNISH_SPIN';

/** A machine with more running processes than this share of its processors counts as busy. */
const BUSY_SHARE = 0.5;

/**
 * Whether a thread that waits for its next piece of work spins instead of sleeping. Spinning saves the time of waking
 * up, which counts where pieces are small: decoding one row was measured 2.2 times as fast. But it takes processors from
 * others: beside another busy process, sampling was measured at half the speed. So: BURNISH_SPIN where it is set, else
 * only on a machine that has been quiet in the last minute. Results do not depend on it.
 */
export function idleThreadsSpin(load = loadavg()[0]): boolean {
  const variable = process.env[SPIN_VARIABLE];
  if (variable !== undefined && variable !== '') {
    if (variable !== '0' && variable !== '1')
      throw new RangeError(`${SPIN_VARIABLE} must be 0 or 1, got ${JSON.stringify(variable)}`);
    return variable === '1';
  }
  return load < BUSY_SHARE * availableParallelism();
}

/** Physical cores among the processors this process may run on, or undefined where Linux does not tell. */
function linuxCores(): number | undefined {
  if (process.platform !== 'linux') return undefined;
  try {
    const allowed = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
    if (allowed === undefined) return undefined;
    const siblings = parseCpuList(allowed).map((cpu) =>
      readFileSync(`/sys/devices/system/cpu/cpu${cpu}/topology/thread_siblings_list`, 'utf8'),
    );
    return siblings.length === 0 ? undefined : new Set(siblings).size;
  } catch {
    // Containers may hide /sys or /proc.
    return undefined;
  }
}

/** Reads a Linux list of processors such as `0-3,8`. */
export function parseCpuList(list: string): number[] {
  return list.split(',').flatMap((range) => {
    const [first, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
}
