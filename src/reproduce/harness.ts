/** Runs a reproduction's arms and seeds in worker processes, leaving out what is finished. */
import { join, resolve } from 'node:path';
import { LOG_FILE } from './arm-folder.ts';
import { cacheFolder } from './cache.ts';
import type { ArmResult, Reproduction } from './declaration.ts';
import { armFingerprint } from './fingerprint.ts';
import { type Job, runJobs } from './jobs.ts';
import { withLock } from './lock.ts';
import type { Order, Work } from './messages.ts';
import { commit } from './provenance.ts';
import { armFolder, readResult, type StoredResult } from './results.ts';
import { StoppedError } from './stopped.ts';
import { killWorkers, runWorker } from './worker-process.ts';

/** What happens to a piece of work; `id` is `arm/seed` or `base/name`. */
export type HarnessEvent =
  | { type: 'planned'; id: string; work: Work }
  /** Finished in an earlier sitting. `stale`: by other code or settings, and kept because that was asked for. */
  | { type: 'kept'; id: string; result: StoredResult; stale: boolean }
  /** Finished earlier by other code or settings, and run again. */
  | { type: 'outdated'; id: string }
  | { type: 'started'; id: string }
  | { type: 'progress'; id: string; share: number }
  | { type: 'log'; id: string; line: string }
  | { type: 'finished'; id: string; result?: StoredResult }
  | { type: 'failed'; id: string; message: string }
  | { type: 'skipped'; id: string; because: string };

export interface HarnessOptions {
  reproduction: Reproduction;
  /** URL of the module that exports it. */
  module: string;
  /** Arms to run; those they need are added. */
  arms: readonly string[];
  seeds: readonly number[];
  /** Where results are kept. */
  folder: string;
  /** Worker processes at a time. */
  jobs: number;
  /** Keep results that other code or settings made. */
  keepFinished?: boolean;
  cache?: string;
  signal: AbortSignal;
  onEvent(event: HarnessEvent): void;
}

export interface Failure {
  /** `arm/seed` or `base/name`. */
  id: string;
  message: string;
}

export interface HarnessResult {
  results: StoredResult[];
  /** Arms kept although other code or settings made them. */
  stale: string[];
  failures: Failure[];
  /** Stopped before everything was run. */
  interrupted: boolean;
}

export const idOf = (arm: string, seed: number) => `${arm}/${seed}`;

/** The arms with all that they need, in declared order. Throws an Error naming an arm that does not exist. */
export function withNeeded({ arms }: Reproduction, wanted: readonly string[]): string[] {
  const names = Object.keys(arms);
  const unknown = wanted.filter((name) => !names.includes(name));
  if (unknown.length > 0)
    throw new Error(`there is no arm ${unknown.join(', ')}; the arms are: ${names.join(', ')}`);
  const all = new Set(wanted);
  for (const name of [...names].reverse())
    if (all.has(name)) for (const need of arms[name].needs ?? []) all.add(need);
  return names.filter((name) => all.has(name));
}

/** One sitting of a reproduction. */
class Sitting {
  private readonly options: HarnessOptions;
  private readonly cache: string;
  private readonly commit = commit();
  readonly done = new Map<string, StoredResult>();
  readonly stale: string[] = [];
  private readonly outdated = new Set<string>();

  constructor(options: HarnessOptions) {
    this.options = options;
    this.cache = options.cache ?? cacheFolder();
  }

  /** The jobs that are left: base models first, then arms, seed by seed. */
  async jobs(): Promise<Job[]> {
    const { reproduction, arms, seeds, onEvent } = this.options;
    const all = withNeeded(reproduction, arms);
    const left: { arm: string; seed: number }[] = [];
    for (const seed of seeds)
      for (const arm of all) if (!(await this.isFinished(arm, seed, left))) left.push({ arm, seed });
    const bases = await this.bases([...new Set(left.map(({ seed }) => seed))]);
    for (const { id, work } of bases.list) onEvent({ type: 'planned', id, work });
    for (const { arm, seed } of left)
      onEvent({ type: 'planned', id: idOf(arm, seed), work: { kind: 'arm', arm, seed } });
    const armJobs = left.map(({ arm, seed }) => {
      const needed = (reproduction.arms[arm].needs ?? []).map((need) => idOf(need, seed));
      const needs = [...(bases.ofSeed.get(seed) ?? []), ...needed.filter((need) => !this.done.has(need))];
      return { id: idOf(arm, seed), needs, run: () => this.runArm(arm, seed) };
    });
    const baseJobs = bases.list.map(({ id, work }) => ({ id, needs: [], run: () => this.runBase(id, work) }));
    return [...baseJobs, ...armJobs];
  }

  /** Whether there is a result to keep. One whose needed arms run again is made again too. */
  private async isFinished(
    arm: string,
    seed: number,
    left: readonly { arm: string; seed: number }[],
  ): Promise<boolean> {
    const { reproduction, folder, keepFinished = false, onEvent } = this.options;
    const result = await readResult(folder, arm, seed);
    if (result === undefined) return false;
    const id = idOf(arm, seed);
    const stale = result.fingerprint !== armFingerprint(reproduction, arm);
    const needs = reproduction.arms[arm].needs ?? [];
    const isOvertaken = needs.some((need) => left.some((one) => one.arm === need && one.seed === seed));
    if ((stale && !keepFinished) || isOvertaken) {
      this.outdated.add(id);
      onEvent({ type: 'outdated', id });
      return false;
    }
    this.done.set(id, result);
    if (stale) this.stale.push(id);
    onEvent({ type: 'kept', id, result, stale });
    return true;
  }

  private async bases(seeds: readonly number[]) {
    const { reproduction } = this.options;
    const list: { id: string; work: Work }[] = [];
    const ofSeed = new Map<number, string[]>();
    if (reproduction.bases === undefined) return { list, ofSeed };
    const { baseName } = await import('./base-model.ts');
    for (const seed of seeds) {
      const ids: string[] = [];
      for (const [index, spec] of reproduction.bases(seed).entries()) {
        const id = `base/${await baseName(spec, reproduction.methods)}`;
        ids.push(id);
        if (!list.some((base) => base.id === id)) list.push({ id, work: { kind: 'base', seed, index } });
      }
      ofSeed.set(seed, ids);
    }
    return { list, ofSeed };
  }

  private async work(id: string, work: Work, logFile: string, results: Record<string, ArmResult>) {
    const { module, signal, onEvent } = this.options;
    onEvent({ type: 'started', id });
    const folder = resolve(this.options.folder);
    const { cache, commit: made } = this;
    const anew = this.outdated.has(id);
    const order: Order = { type: 'order', module, folder, cache, work, results, commit: made, anew };
    await runWorker({
      order,
      logFile,
      signal,
      onProgress: (share) => onEvent({ type: 'progress', id, share }),
      onLog: (line) => onEvent({ type: 'log', id, line }),
    });
  }

  private async runArm(arm: string, seed: number): Promise<void> {
    const { reproduction, folder, onEvent } = this.options;
    const id = idOf(arm, seed);
    const needs = reproduction.arms[arm].needs ?? [];
    const results = Object.fromEntries(
      needs.map((need) => [need, this.done.get(idOf(need, seed)) as ArmResult]),
    );
    await this.work(id, { kind: 'arm', arm, seed }, join(armFolder(folder, arm, seed), LOG_FILE), results);
    const result = await readResult(folder, arm, seed);
    if (result === undefined) throw new Error('the worker said that it was done, but there is no result');
    this.done.set(id, result);
    onEvent({ type: 'finished', id, result });
  }

  private async runBase(id: string, work: Work): Promise<void> {
    const { folder, onEvent } = this.options;
    await this.work(id, work, join(folder, 'bases', `${id.slice('base/'.length)}.txt`), {});
    onEvent({ type: 'finished', id });
  }
}

/**
 * Runs every arm with every seed that has no finished result yet, arms of one seed after the base models that the seed
 * needs. A failing or crashing arm stops only the arms that need it. Throws a LockedError when another process is at
 * the same folder, and an Error for unknown arms.
 */
export async function runArms(options: HarnessOptions): Promise<HarnessResult> {
  const { folder, jobs: slots, signal, onEvent } = options;
  return await withLock(join(folder, 'harness'), () => sit(options, { folder, slots, signal, onEvent }), {
    wait: false,
  });
}

async function sit(
  options: HarnessOptions,
  { slots, signal, onEvent }: Pick<HarnessOptions, 'folder' | 'signal' | 'onEvent'> & { slots: number },
): Promise<HarnessResult> {
  const sitting = new Sitting(options);
  const jobs = await sitting.jobs();
  const failures: Failure[] = [];
  process.once('exit', killWorkers);
  try {
    const outcomes = await runJobs(jobs, {
      slots,
      signal,
      onOutcome(id, outcome) {
        if (outcome.status === 'skipped') {
          const message = `${outcome.because} did not finish`;
          onEvent({ type: 'skipped', id, because: outcome.because });
          if (!signal.aborted) failures.push({ id, message });
        } else if (outcome.status === 'failed' && !(outcome.error instanceof StoppedError)) {
          const message = (outcome.error as Error).message;
          onEvent({ type: 'failed', id, message });
          failures.push({ id, message });
        }
      },
    });
    const interrupted = signal.aborted && [...jobs].some(({ id }) => outcomes.get(id)?.status !== 'done');
    return { results: [...sitting.done.values()], stale: sitting.stale, failures, interrupted };
  } finally {
    process.removeListener('exit', killWorkers);
  }
}
