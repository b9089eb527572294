/** The harness end to end: real worker processes, kills, crashes, and going on afterwards. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import type { Failure } from './harness.ts';
import { buildReport } from './report.ts';
import type { StoredResult } from './results.ts';
import { TROUBLE, reproduction as tiny } from './testing/tiny.ts';

const CHILD = fileURLToPath(new URL('./testing/harness-child.ts', import.meta.url));
const TSX = fileURLToPath(import.meta.resolve('tsx'));

const folders: string[] = [];
const fresh = async () => {
  const folder = await mkdtemp(join(tmpdir(), 'burnish-reproduce-'));
  folders.push(folder);
  return folder;
};
afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

interface Event {
  type: string;
  id: string;
  share?: number;
  message?: string;
}

interface Sitting {
  events: Event[];
  end?: { results: StoredResult[]; failures: Failure[]; interrupted: boolean };
  signal: NodeJS.Signals | null;
  stderr: string;
}

interface SittingOptions {
  folder: string;
  cache?: string;
  trouble?: string;
  jobs?: number;
  /** Called with each event as it comes. */
  watch?(event: Event, child: ChildProcess): void;
}

/** Runs a reproduction in a process of its own. */
function sitting(
  name: string,
  { folder, cache = folder, trouble = '', jobs = 2, watch }: SittingOptions,
): Promise<Sitting> {
  const child = spawn(process.execPath, ['--import', TSX, CHILD, name, folder, cache, String(jobs)], {
    env: { ...process.env, [TROUBLE]: trouble },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const events: Event[] = [];
  let rest = '';
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk;
  });
  child.stdout.on('data', (chunk: Buffer) => {
    const lines = `${rest}${chunk}`.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const event = JSON.parse(line) as Event;
      events.push(event);
      watch?.(event, child);
    }
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (_code, signal) => {
      const last = events.at(-1);
      const end = last?.type === 'end' ? (last as unknown as Sitting['end']) : undefined;
      resolve({ events, end, signal, stderr });
    });
  });
}

const typesOf = ({ events }: Sitting, type: string) =>
  events.filter((event) => event.type === type).map(({ id }) => id);
const figures = (results: readonly StoredResult[] = []) =>
  Object.fromEntries(results.map(({ arm, seed, metrics }) => [`${arm}/${seed}`, metrics]));

describe('a reproduction of made-up numbers', () => {
  it('survives a crashing worker, runs what is left the next time, and is judged', async () => {
    const folder = await fresh();
    const first = await sitting('tiny', { folder, trouble: 'kill:bonus/2' });
    expect(first.end?.failures).toMatchObject([
      { id: 'bonus/2', message: expect.stringContaining('was killed by SIGKILL') },
      { id: 'copy/2', message: 'bonus/2 did not finish' },
    ]);
    expect(first.end?.failures[0].message).toContain('something terrible is about to happen');
    expect(typesOf(first, 'finished').sort()).toEqual(
      ['plain/1', 'plain/2', 'plain/3', 'bonus/1', 'bonus/3', 'copy/1', 'copy/3'].sort(),
    );

    const parts = { reproduction: tiny, stale: [], command: 'burnish reproduce tiny' };
    const partial = buildReport({
      ...parts,
      results: first.end?.results ?? [],
      failures: first.end?.failures ?? [],
    });
    expect(partial).toMatchObject({ status: 'partial', verdict: 'inconclusive' });

    const second = await sitting('tiny', { folder, trouble: 'throw:bonus/2' });
    expect(second.end?.failures[0]).toMatchObject({ id: 'bonus/2', message: 'the arm fell ill' });

    const third = await sitting('tiny', { folder });
    expect(third.end).toMatchObject({ failures: [], interrupted: false });
    expect(typesOf(third, 'started').sort()).toEqual(['bonus/2', 'copy/2']);
    expect(typesOf(third, 'kept')).toHaveLength(7);
    const results = third.end?.results ?? [];
    expect(figures(results)['copy/2']).toEqual(figures(results)['bonus/2']);

    const report = buildReport({ ...parts, results, failures: [] });
    expect(report).toMatchObject({ status: 'finished', verdict: 'holds', warnings: [], seeds: [1, 2, 3] });
    expect(report.criteria[0]).toMatchObject({ agree: 3, favours: true });
    expect(report.criteria[0].estimate).toBeCloseTo(0.2, 12);
    expect(report.alsoMeasured[0].verdict).toBe('holds');
    expect(report.budget.spread).toBe(0);
    expect(report.arms.copy.metrics.score).toEqual(report.arms.bonus.metrics.score);
  });

  it('stops when asked to and says so; two at one folder are refused', async () => {
    const folder = await fresh();
    let second: Promise<Sitting> | undefined;
    const stopped = await sitting('tiny', {
      folder,
      trouble: 'slow:100',
      jobs: 1,
      watch(event, child) {
        if (event.type !== 'progress' || second) return;
        second = sitting('tiny', { folder }).finally(() => child.kill('SIGTERM'));
      },
    });
    expect((await second)?.stderr).toContain('is in use by process');
    expect(stopped.end).toMatchObject({ interrupted: true, failures: [] });
    expect(stopped.end?.results.length).toBeLessThan(9);
  });
});

describe('a reproduction whose arms train', () => {
  it('killed and started again ends with the same weights, and trains the base once', async () => {
    const cache = await fresh();
    const [whole, cut] = [await fresh(), await fresh()];
    let killed: Event | undefined;
    const first = await sitting('toy-training', {
      folder: cut,
      cache,
      watch(event, child) {
        if (
          killed ||
          event.type !== 'progress' ||
          event.id.startsWith('base/') ||
          !((event.share ?? 0) > 0.15)
        )
          return;
        killed = event;
        child.kill('SIGKILL');
      },
    });
    expect(first.signal).toBe('SIGKILL');
    const bases = (await readdir(join(cache, 'bases'))).filter((name) => /^sums-[0-9a-f]+$/.test(name));
    expect(bases).toHaveLength(1);

    const again = await sitting('toy-training', { folder: cut, cache });
    expect(again.end).toMatchObject({ failures: [], interrupted: false });
    const told = again.events.find(({ type, id }) => type === 'progress' && id === killed?.id);
    expect(told?.share).toBeGreaterThan(0.1);
    const undisturbed = await sitting('toy-training', { folder: whole, cache });
    expect(figures(again.end?.results)).toEqual(figures(undisturbed.end?.results));
    expect(Object.keys(figures(again.end?.results))).toHaveLength(2);
    const left = await readdir(join(cut, 'arms'), { recursive: true });
    expect(left.some((name) => name.endsWith('snapshots'))).toBe(false);
  });
});
