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
const folders: string[] = [];
const fresh = async () => {
  const folder = await mkdtemp(join(tmpdir(), 'burnish-kill-'));
  folders.push(folder);
  return folder;
};
afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

/** One sitting; killed `delay` ms after its `lines`-th line, unless it ends before. */
async function sitting(kind: ToyEngineKind, folder: string, kill?: { lines: number; delay: number }) {
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
    if (kill && timer === undefined && output.split('\n').length > kill.lines)
      timer = setTimeout(() => child.kill('SIGKILL'), kill.delay);
  });
  const signal = await new Promise<string | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (_code, by) => resolve(by));
  });
  clearTimeout(timer);
  const killed = signal === 'SIGKILL';
  if (!killed && !output.endsWith('finished\n')) throw new Error(`the child failed: ${errors}`);
  return { killed, lines: output.split('\n').length - 1 };
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

describe.each([
  ['tabular', 4],
  ['onnx', 4],
] as const)('a run on the %s engine, killed %i times', (kind, kills) => {
  it('ends bit-equal to one never killed', { timeout: 180_000 }, async () => {
    const whole = await fresh();
    const { lines } = await sitting(kind, whole);
    const folder = await fresh();
    const random = rng(11, 'kill', kind);
    let killed = 0;
    for (let i = 0; i < kills; i++) {
      // A later sitting has less to do, so it is killed sooner.
      const at = 1 + random.int(Math.ceil(lines / 3));
      const sat = await sitting(kind, folder, { lines: at, delay: random.int(12) });
      if (!sat.killed) break;
      killed++;
    }
    expect(killed).toBeGreaterThanOrEqual(2);
    await sitting(kind, folder);
    expect(await outcome(folder)).toEqual(await outcome(whole));
    const model = (from: string) => readFile(join(from, 'run', 'model', exportedFile[kind]));
    expect(await model(folder)).toEqual(await model(whole));
  });
});
