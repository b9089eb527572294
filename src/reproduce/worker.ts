/** A worker process: does one piece of a reproduction's work, tells how it goes, and ends. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeAtomically } from '../files/index.ts';
import { tellParent } from '../processes/index.ts';
import { armContext } from './arm-context.ts';
import { prepareArmFolder, removeSnapshots } from './arm-folder.ts';
import type { Reproduction } from './declaration.ts';
import { armFingerprint, criteriaFingerprint } from './fingerprint.ts';
import { loadReproduction } from './load.ts';
import { withLock } from './lock.ts';
import type { FromWorker, Order, ToWorker, Work } from './messages.ts';
import { machine } from './provenance.ts';
import { armFolder, readResult, writeResult } from './results.ts';
import { StoppedError } from './stopped.ts';

const stopping = new AbortController();
const { signal } = stopping;
const stop = () => stopping.abort(new StoppedError('stopped'));

/** Waits until the message is out. */
const tell = (message: FromWorker) => tellParent(message);

/** Told no more often than people can read. */
function progressTeller() {
  let last = 0;
  return (share: number) => {
    const now = performance.now();
    if (now - last < 200 && share < 1) return;
    last = now;
    void tell({ type: 'progress', share });
  };
}

/** Seconds of earlier sittings at an arm, kept beside its results. */
async function earlierSeconds(file: string): Promise<number> {
  return Number(await readFile(file, 'utf8').catch(() => '0')) || 0;
}

/** The worker of a harness that was killed may still be saving: only one is at an arm. */
async function runArm(reproduction: Reproduction, order: Order, arm: string, seed: number): Promise<void> {
  const work = () => runAlone(reproduction, order, arm, seed);
  await withLock(armFolder(order.folder, arm, seed), work, { signal });
}

async function runAlone(reproduction: Reproduction, order: Order, arm: string, seed: number): Promise<void> {
  const { settings = {}, run } = reproduction.arms[arm];
  const folder = armFolder(order.folder, arm, seed);
  const fingerprint = armFingerprint(reproduction, arm);
  await prepareArmFolder(folder, fingerprint, order.anew);
  // Finished while this process waited.
  if ((await readResult(order.folder, arm, seed)) !== undefined) return;
  const clock = join(folder, 'seconds');
  const before = await earlierSeconds(clock);
  const started = performance.now();
  const seconds = () => before + (performance.now() - started) / 1000;
  const context = armContext({
    arm,
    seed,
    settings,
    folder,
    results: order.results,
    folderOf: (other) => armFolder(order.folder, other, seed),
    signal,
    progress: progressTeller(),
    log: (line) => void tell({ type: 'log', line }),
    methods: reproduction.methods,
    cache: order.cache,
  });
  // Kept now and then, so that a killed sitting counts too.
  const keep = () => writeAtomically(clock, String(seconds()));
  const timer = setInterval(() => void keep().catch(() => undefined), 5_000);
  try {
    const result = await run(context);
    await writeResult(order.folder, {
      arm,
      seed,
      ...result,
      seconds: seconds(),
      fingerprint,
      criteria: criteriaFingerprint(reproduction.criteria),
      commit: order.commit,
      machine: machine(),
    });
    await removeSnapshots(folder);
  } catch (error) {
    await keep().catch(() => undefined);
    throw error;
  } finally {
    clearInterval(timer);
  }
}

async function runBase(
  reproduction: Reproduction,
  order: Order,
  work: Extract<Work, { kind: 'base' }>,
): Promise<void> {
  const spec = reproduction.bases?.(work.seed)[work.index];
  if (spec === undefined) throw new Error(`there is no base ${work.index} for seed ${work.seed}`);
  const { methods } = reproduction;
  const { baseModel } = await import('./base-model.ts');
  await baseModel(spec, { methods, cache: order.cache, signal, onProgress: progressTeller() });
}

async function obey(order: Order): Promise<void> {
  try {
    const reproduction = await loadReproduction(order.module);
    const { work } = order;
    if (work.kind === 'arm') await runArm(reproduction, order, work.arm, work.seed);
    else await runBase(reproduction, order, work);
    await tell({ type: 'done' });
  } catch (error) {
    if (error instanceof StoppedError || (signal.aborted && error === signal.reason))
      await tell({ type: 'stopped' });
    else {
      const { message, stack = '' } = error instanceof Error ? error : new Error(String(error));
      await tell({ type: 'failed', message, stack });
    }
  }
  process.exit();
}

// Ctrl-C reaches the whole group of processes: the parent says what to do.
process.on('SIGINT', () => undefined);
process.on('disconnect', stop);
process.on('message', (message: ToWorker) => {
  if (message.type === 'stop') stop();
  else void obey(message);
});
void tell({ type: 'ready' });
