/** Killed at any instant and resumed, a run ends bit-equal to one never killed: real processes, real SIGKILL. */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { rng } from '../random/index.ts';
import { openStore } from '../store/index.ts';
import { SnapshotFolder } from './index.ts';
import type { ToyEngineKind } from './testing/kill-run.ts';

const CHILD = fileURLToPath(new URL('./testing/kill-child.ts', import.meta.url));
/** Of the recipe in kill-run.ts. */
const STEPS = 22;
const folders: string[] = [];
const fresh = async () => {
  const folder = await mkdtemp(join(tmpdir(), 'burnish-kill-'));
  folders.push(folder);
  return folder;
};
afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

interface Kill {
  /** The step to wait for, further lines of progress after it, and then milliseconds. */
  step: number;
  lines: number;
  delay: number;
}

/** Whether the output has come far enough. */
function reached(output: string, { step, lines }: Kill): boolean {
  const steps = output.split('\n').map((line) => Number(line.split(' ')[1] ?? -1));
  const first = steps.findIndex((at) => at >= step);
  return first >= 0 && steps.length > first + 1 + lines;
}

/** One sitting; true when it was killed, false when it ended before. */
async function sitting(kind: ToyEngineKind, folder: string, kill?: Kill): Promise<boolean> {
  const child = spawn(process.execPath, ['--import', 'tsx', CHILD, kind, folder], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let errors = '';
  let timer: NodeJS.Timeout | undefined;
  child.stderr.on('data', (chunk) => {
    errors += chunk;
  });
  child.stdout.on('data', (chunk) => {
    output += chunk;
    if (kill && timer === undefined && reached(output, kill))
      timer = setTimeout(() => child.kill('SIGKILL'), kill.delay);
  });
  const signal = await new Promise<string | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (_code, by) => resolve(by));
  });
  clearTimeout(timer);
  const killed = signal === 'SIGKILL';
  if (!killed && !output.endsWith('finished\n')) throw new Error(`the child failed: ${errors}`);
  return killed;
}

/** Weights, optimiser, state and metrics of a finished run, without its wall times. */
async function outcome(folder: string) {
  const { snapshot } = await new SnapshotFolder(join(folder, 'run', 'snapshots')).last<
    Record<string, unknown>
  >();
  if (snapshot === undefined) throw new Error('there is no snapshot');
  const store = await openStore(join(folder, 'runs.db'), { readOnly: true });
  const series = await store.metrics('killed');
  const trajectories = await store.trajectories('killed', { split: 'train' });
  const status = (await store.run('killed'))?.status;
  await store.close();
  const { step, stage, method, curriculum, health } = snapshot.state;
  return {
    status,
    arrays: snapshot.engine.arrays,
    facts: snapshot.engine.facts,
    state: { step, stage, method, curriculum, health },
    metrics: series.filter(({ name }) => !name.startsWith('time.')),
    trajectories,
  };
}

const exportedFile = { tabular: 'table.json', onnx: 'model.safetensors' };

describe.each(['tabular', 'onnx'] as const)('a run on the %s engine, killed in every part of it', (kind) => {
  it('ends bit-equal to one never killed', { timeout: 180_000 }, async () => {
    const whole = await fresh();
    await sitting(kind, whole);
    const folder = await fresh();
    const random = rng(11, 'kill', kind);
    const parts = 4;
    let killed = 0;
    for (let part = 0; part < parts; part++) {
      const step = 1 + Math.floor(((part + random.uniform()) * (STEPS - 2)) / parts);
      const kill = { step, lines: random.int(5), delay: random.int(10) };
      killed += Number(await sitting(kind, folder, kill));
    }
    // On a fast machine the last sitting may end before its kill.
    expect(killed).toBeGreaterThanOrEqual(parts - 1);
    await sitting(kind, folder);
    expect(await outcome(folder)).toEqual(await outcome(whole));
    const model = (from: string) => readFile(join(from, 'run', 'model', exportedFile[kind]));
    expect(await model(folder)).toEqual(await model(whole));
  });
});
