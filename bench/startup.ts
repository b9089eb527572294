/** Benchmark: how long people wait for the command line, for a run's first step, and for a resumed run to go on. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openRunStore } from '../src/cli/setup/run-place.ts';
import type { BenchContext } from './context.ts';
import { withFolder } from './models.ts';
import type { BenchRow } from './row.ts';
import { median } from './turns.ts';

const BIN = fileURLToPath(new URL('../bin/burnish.js', import.meta.url));
const BUILT = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
const RUN = 'bench';

/** How often the record is looked at; the time of a step is the one in the record. */
const POLL_MILLISECONDS = 100;
const PATIENCE_MILLISECONDS = 60_000;
/** Exit status of an interrupted run that saved itself. */
const INTERRUPTED = 130;

interface Child {
  /** Resolves with the exit status. */
  closed: Promise<number | null>;
  interrupt(): void;
  /** The end of what it wrote to standard error. */
  words(): string;
}

function burnish(args: readonly string[]): Child {
  const child = spawn(process.execPath, [BIN, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  const errors: string[] = [];
  child.stderr.on('data', (chunk: Buffer) => errors.push(chunk.toString()));
  const closed = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  return { closed, interrupt: () => child.kill('SIGINT'), words: () => errors.join('').trim().slice(-400) };
}

/** Milliseconds from starting the command to its end. */
async function timeOfVersion(): Promise<number> {
  const started = performance.now();
  const child = burnish(['--version']);
  const code = await child.closed;
  if (code !== 0) throw new Error(`burnish --version ended with ${code}: ${child.words()}`);
  return performance.now() - started;
}

/** Milliseconds from starting a training command to the end of its first step, by the record; the run is then interrupted. */
async function timeToStep(args: readonly string[], folder: string): Promise<number> {
  const started = Date.now();
  const child = burnish(args);
  let ended = false;
  const closed = child.closed.finally(() => {
    ended = true;
  });
  while (Date.now() - started < PATIENCE_MILLISECONDS) {
    const time = await firstStepSince(folder, started);
    if (time !== undefined) {
      child.interrupt();
      const code = await closed;
      if (code === INTERRUPTED) return time - started;
      throw new Error(`burnish train ended with ${code} when it was interrupted: ${child.words()}`);
    }
    if (ended) throw new Error(`burnish train ended before its first step: ${child.words()}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MILLISECONDS));
  }
  child.interrupt();
  await closed;
  throw new Error(`burnish train did no step in ${PATIENCE_MILLISECONDS / 1000} seconds: ${child.words()}`);
}

async function firstStepSince(folder: string, started: number): Promise<number | undefined> {
  if (!existsSync(join(folder, RUN, 'snapshots'))) return undefined;
  const store = await openRunStore(folder, { readOnly: true });
  try {
    const events = await store.events(RUN, { types: ['step.finished'] });
    return events.map(({ time }) => Date.parse(time)).find((time) => time >= started);
  } finally {
    await store.close();
  }
}

/** Timed again and again in the order given; one row each. */
async function timeAll(
  works: Readonly<Record<string, () => Promise<number>>>,
  repetitions: number,
): Promise<BenchRow[]> {
  const times = new Map(Object.keys(works).map((work) => [work, [] as number[]]));
  for (let i = 0; i < repetitions; i++)
    for (const [work, time] of Object.entries(works)) times.get(work)?.push(await time());
  return [...times].map(([work, milliseconds]) => ({
    work,
    unit: 'ms',
    ours: median(milliseconds),
    low: Math.min(...milliseconds),
    high: Math.max(...milliseconds),
    repetitions,
  }));
}

/**
 * `start --version`; `start first step`: the built-in arithmetic recipe from nothing, with evaluations of one task;
 * `start resume`: the same run, interrupted and gone on with. The last two are always measured together.
 */
export async function* benchStartup(context: BenchContext): AsyncGenerator<BenchRow> {
  const [version, first, resume] = ['start --version', 'start first step', 'start resume'];
  if (![version, first, resume].some(context.wants)) return;
  if (!existsSync(BUILT))
    throw new Error('start-up times are of the built package: run `npm run build` first');
  if (context.wants(version)) yield* await timeAll({ [version]: timeOfVersion }, context.repetitions);
  if (!context.wants(first) && !context.wants(resume)) return;
  yield* await withFolder(async (folder) => {
    const settings = ['evaluation.tasks=1', 'report.tasks=1'].flatMap((setting) => ['--set', setting]);
    const place = ['--out', join(folder, RUN), '--runs', folder, '--quiet'];
    const begin = async () => {
      await rm(folder, { recursive: true, force: true });
      return await timeToStep(['train', 'arithmetic', ...settings, ...place], folder);
    };
    const goOn = () =>
      timeToStep(['train', '--resume', join(folder, RUN), '--runs', folder, '--quiet'], folder);
    return await timeAll({ [first]: begin, [resume]: goOn }, context.repetitions);
  });
}
