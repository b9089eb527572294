/** Lets one process at a time do a piece of work, also when its predecessor was killed in the middle of it. */
import { readFileSync } from 'node:fs';
import { link, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** The work is being done by another process. */
export class LockedError extends Error {
  override name = 'LockedError';
  readonly pid: number;

  constructor(path: string, pid: number) {
    super(`${path} is in use by process ${pid}`);
    this.pid = pid;
  }
}

/** When a process began, in ticks since the machine's start, so that a reused number is not taken for it; '' where unknown. */
function birthOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}

function isAlive(pid: number, birth: string): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  return birth === '' || birthOf(pid) === birth;
}

interface Lock {
  file: string;
  generation: number;
  pid: number;
  alive: boolean;
}

/** The lock files of a path with the state of their holders. */
async function locksOf(path: string): Promise<Lock[]> {
  const prefix = `${basename(path)}.lock-`;
  const names = (await readdir(dirname(path))).filter((name) => name.startsWith(prefix));
  const locks: Lock[] = [];
  for (const name of names) {
    const file = join(dirname(path), name);
    // Gone by now: released.
    const text = await readFile(file, 'utf8').catch(() => undefined);
    if (text === undefined) continue;
    const [pid, birth = ''] = text.split(' ');
    const generation = Number(name.slice(prefix.length));
    locks.push({ file, generation, pid: Number(pid), alive: isAlive(Number(pid), birth) });
  }
  return locks;
}

let claims = 0;

/**
 * Makes a lock file with its content in one act; undefined when another process was quicker. The files of dead holders
 * stay, and have a successor of the next number, so that nobody ever removes the file of another that may be alive.
 */
async function take(path: string, generation: number): Promise<string | undefined> {
  const file = `${path}.lock-${generation}`;
  // Several of one process may be at it at once.
  const claim = `${path}.claim-${process.pid}-${claims++}`;
  await writeFile(claim, `${process.pid} ${birthOf(process.pid)}`);
  try {
    await link(claim, file);
    return file;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return undefined;
    throw error;
  } finally {
    await rm(claim, { force: true });
  }
}

export interface LockOptions {
  /** False: throw a LockedError instead of waiting. */
  wait?: boolean;
  signal?: AbortSignal;
  /** Milliseconds between looks; 250 unless given. */
  interval?: number;
}

/**
 * Runs the work while holding the lock named by a path (files `<path>.lock-N` beside it). Rejects with the signal's reason
 * when that aborts while waiting.
 */
export async function withLock<Result>(
  path: string,
  work: () => Promise<Result>,
  { wait = true, signal, interval = 250 }: LockOptions = {},
): Promise<Result> {
  await mkdir(dirname(path), { recursive: true });
  for (;;) {
    signal?.throwIfAborted();
    const others = await locksOf(path);
    const holder = others.find(({ alive }) => alive);
    if (holder && !wait) throw new LockedError(path, holder.pid);
    if (holder) {
      await sleep(interval);
      continue;
    }
    const own = await take(path, Math.max(-1, ...others.map(({ generation }) => generation)) + 1);
    if (own === undefined) continue;
    const now = await locksOf(path);
    const rival = now.some(({ file, alive }) => alive && file !== own);
    try {
      if (!rival) return await work();
    } finally {
      for (const { file, alive } of now) if (!alive && !rival) await rm(file, { force: true });
      await rm(own, { force: true });
    }
    // Two were at it at once, and both step back, each for another while.
    await sleep(interval * (1 + (process.pid % 7) / 7));
  }
}
