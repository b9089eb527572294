/** The store keeps what it is given, whole steps at a time, and gives it back unchanged. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openStore, type Store } from './index.ts';

const folder = mkdtempSync(join(tmpdir(), 'burnish-store-'));
afterAll(() => rmSync(folder, { recursive: true }));

let count = 0;
let path: string;
let store: Store;
beforeEach(async () => {
  path = join(folder, `s${count++}`, 'runs.db');
  store = await openStore(path);
});
afterEach(() => store.close());

const newRun = (id: string) => ({
  id,
  name: 'first',
  method: 'grpo',
  config: { lr: 1e-4 },
  seed: 7,
  folder: '/out',
});

describe('runs', () => {
  it('are created, read by id or prefix, and updated', async () => {
    await store.createRun({ ...newRun('abc1'), createdAt: '2026-01-01T00:00:00.000Z' });
    await store.createRun({ ...newRun('abd2'), createdAt: '2026-01-02T00:00:00.000Z' });
    await store.createRun({ ...newRun('abd22'), createdAt: '2026-01-03T00:00:00.000Z' });
    expect(await store.run('abc')).toEqual({
      ...newRun('abc1'),
      status: 'running',
      createdAt: '2026-01-01T00:00:00.000Z',
      updatedAt: '2026-01-01T00:00:00.000Z',
      summary: null,
      error: null,
    });
    expect((await store.run('abd2'))?.id).toBe('abd2');
    expect(await store.run('zzz')).toBeUndefined();
    expect(await store.run('')).toBeUndefined();
    await expect(store.run('ab')).rejects.toThrow(/"ab" fits several runs: abc1, abd2, abd22$/);

    await store.updateRun('abc1', { status: 'finished', summary: { passAt1: 0.5 } });
    const updated = await store.run('abc1');
    expect(updated).toMatchObject({ status: 'finished', summary: { passAt1: 0.5 }, name: 'first' });
    expect(updated!.updatedAt > '2026-01-01T00:00:00.000Z').toBe(true);
  });

  it('are listed newest first and filtered', async () => {
    await store.createRun({ ...newRun('a'), createdAt: '2026-01-01T00:00:00.000Z' });
    await store.createRun({
      ...newRun('b'),
      createdAt: '2026-01-03T00:00:00.000Z',
      status: 'failed',
      error: 'x',
    });
    await store.createRun({ ...newRun('c'), createdAt: '2026-01-02T00:00:00.000Z', method: 'rloo' });
    const ids = async (filter?: Parameters<Store['runs']>[0]) =>
      (await store.runs(filter)).map((run) => run.id);
    expect(await ids()).toEqual(['b', 'c', 'a']);
    expect(await ids({ limit: 2 })).toEqual(['b', 'c']);
    expect(await ids({ status: 'running' })).toEqual(['c', 'a']);
    expect(await ids({ method: 'grpo', status: 'failed' })).toEqual(['b']);
    expect(await ids({ name: 'second' })).toEqual([]);
  });

  it('refuse a second one of the same id, and changes to one that is not there', async () => {
    await store.createRun(newRun('a'));
    await expect(store.createRun(newRun('a'))).rejects.toThrow(/there is a run "a" already/);
    await expect(store.updateRun('b', { error: 'x' })).rejects.toThrow(/there is no run "b"/);
    await expect(store.commitStep('b', 0, { metrics: { loss: 1 } })).rejects.toThrow(/there is no run "b"/);
    await expect(store.commitStep('a', 0.5, {})).rejects.toThrow(/step: 0.5, expected an integer/);
  });
});

describe('events', () => {
  it('form one gapless stream a run, read onwards from any point', async () => {
    await store.createRun(newRun('a'));
    await store.createRun(newRun('b'));
    await store.commitStep('a', 0, { events: [{ type: 'start' }, { type: 'log', data: { text: 'é\n"' } }] });
    await store.commitStep('b', 0, { events: [{ type: 'start' }] });
    await store.commitStep('a', 1, { events: [{ type: 'log', data: [1, null], time: 't' }] });
    expect((await store.events('a')).map(({ time: _, ...event }) => event)).toEqual([
      { sequence: 0, step: 0, type: 'start', data: null },
      { sequence: 1, step: 0, type: 'log', data: { text: 'é\n"' } },
      { sequence: 2, step: 1, type: 'log', data: [1, null] },
    ]);
    expect(await store.events('a', { afterSequence: 1 })).toEqual([
      { sequence: 2, step: 1, type: 'log', data: [1, null], time: 't' },
    ]);
    expect((await store.events('a', { types: ['log'], limit: 1 })).map((event) => event.sequence)).toEqual([
      1,
    ]);
    expect((await store.events('b')).map((event) => event.sequence)).toEqual([0]);
    expect(await store.events('none')).toEqual([]);
  });
});

describe('metrics', () => {
  it('come back exactly, whatever the number', async () => {
    await store.createRun(newRun('a'));
    let step = 0;
    await fc.assert(
      fc.asyncProperty(fc.double(), async (value) => {
        await store.commitStep('a', ++step, { metrics: { value } });
        const [series] = await store.metrics('a', ['value']);
        expect(series.steps.at(-1)).toBe(step);
        expect(series.values.at(-1)).toBe(value === 0 ? 0 : value);
      }),
      { numRuns: 60, seed: 1, examples: [[Number.NaN], [Infinity], [-Infinity], [0.1 + 0.2], [5e-324]] },
    );
  });

  it('are series in step order, by name; the last value of a step counts', async () => {
    await store.createRun(newRun('a'));
    await store.commitStep('a', 10, { metrics: { loss: 3, reward: 0.5 } });
    await store.commitStep('a', 9, { metrics: { loss: Number.NaN } });
    await store.commitStep('a', 9, { metrics: { loss: 2, gap: -1 } });
    const loss = { name: 'loss', steps: [9, 10], values: [2, 3] };
    const reward = { name: 'reward', steps: [10], values: [0.5] };
    expect(await store.metrics('a')).toEqual([{ name: 'gap', steps: [9], values: [-1] }, loss, reward]);
    expect(await store.metrics('a', ['reward', 'none', 'loss'])).toEqual([reward, loss]);
    expect(await store.metrics('a', [])).toEqual([]);
  });

  it('that are no numbers are refused, and nothing of that step is kept', async () => {
    await store.createRun(newRun('a'));
    const broken = { loss: 'high' } as unknown as Record<string, number>;
    const rows = { events: [{ type: 'log' }], metrics: broken };
    await expect(store.commitStep('a', 1, rows)).rejects.toThrow(/metric loss: high, expected a number/);
    expect(await store.events('a')).toEqual([]);
  });
});

describe('trajectories', () => {
  const graded = {
    split: 'train',
    taskId: 't1',
    prompt: 'p',
    completion: 'c',
    score: 0.25,
    status: 'graded',
  };

  it('come back whole, in order, with failed kept apart from 0', async () => {
    await store.createRun(newRun('a'));
    const logprobs = new Float32Array([-0.1, -1e-7, -12.345678]);
    const tokens = Int32Array.of(5, 6, 7);
    const failed = { ...graded, score: null, status: 'failed', parts: { reason: 'timeout' } };
    await store.commitStep('a', 2, {
      trajectories: [
        { ...graded, advantage: -0.5, tokens, logprobs },
        failed,
        { ...graded, split: 'validation' },
      ],
    });
    await store.commitStep('a', 2, { trajectories: [{ ...graded, score: 0, taskId: 't2' }] });
    const rows = await store.trajectories('a');
    expect(rows.map((row) => [row.split, row.position, row.taskId, row.score, row.status])).toEqual([
      ['train', 0, 't1', 0.25, 'graded'],
      ['train', 1, 't1', null, 'failed'],
      ['train', 2, 't2', 0, 'graded'],
      ['validation', 0, 't1', 0.25, 'graded'],
    ]);
    expect(rows[0]).toMatchObject({ step: 2, advantage: -0.5, tokens: [5, 6, 7], parts: null });
    expect(rows[0].logprobs!.map(Math.fround)).toEqual([...logprobs]);
    expect(rows[1]).toMatchObject({
      advantage: null,
      tokens: null,
      logprobs: null,
      parts: { reason: 'timeout' },
    });
  });

  it('are filtered and paged, and more than one insert takes are kept', async () => {
    await store.createRun(newRun('a'));
    const many = Array.from({ length: 600 }, (_, i) => ({ ...graded, taskId: `t${i % 3}` }));
    await store.commitStep('a', 1, { trajectories: many });
    await store.commitStep('a', 2, { trajectories: [graded] });
    expect(await store.trajectories('a', { step: 1 })).toHaveLength(600);
    expect(await store.trajectories('a', { taskId: 't1', split: 'train' })).toHaveLength(201);
    const page = await store.trajectories('a', { limit: 2, offset: 599 });
    expect(page.map((row) => [row.step, row.position])).toEqual([
      [1, 599],
      [2, 0],
    ]);
  });
});

it('equals an uninterrupted record after truncating and going on', async () => {
  const commit = (run: string, step: number) =>
    store.commitStep(run, step, {
      events: [{ type: 'step', time: 't', data: { step } }],
      metrics: { loss: 1 / step },
      trajectories: [
        { split: 'train', taskId: `${step}`, prompt: '', completion: '', score: 1, status: 'graded' },
      ],
    });
  const record = async (run: string) => [
    await store.events(run),
    await store.metrics(run),
    await store.trajectories(run),
  ];
  await store.createRun(newRun('whole'));
  await store.createRun(newRun('killed'));
  for (let step = 1; step <= 6; step++) await commit('whole', step);
  for (let step = 1; step <= 5; step++) await commit('killed', step);
  await store.truncateAfter('killed', 2);
  expect((await store.metrics('killed'))[0].steps).toEqual([1, 2]);
  for (let step = 3; step <= 6; step++) await commit('killed', step);
  expect(await record('killed')).toEqual(await record('whole'));
  await store.truncateAfter('killed', -1);
  expect(await record('killed')).toEqual([[], [], []]);
  expect((await record('whole'))[0]).toHaveLength(6);
});

it('keeps calls made at once in order, and finishes them before it closes', async () => {
  await store.createRun(newRun('a'));
  const work = [1, 2, 3, 4, 5].map((step) =>
    store.commitStep('a', step, { events: [{ type: 'x' }, { type: 'y' }] }),
  );
  const closing = store.close();
  await expect(store.events('a')).rejects.toThrow(/cannot read the run store .*runs\.db: it is closed/);
  await Promise.all([...work, closing]);
  const again = await openStore(path, { readOnly: true });
  expect((await again.events('a')).map((event) => event.step)).toEqual([1, 1, 2, 2, 3, 3, 4, 4, 5, 5]);
  await again.close();
});
