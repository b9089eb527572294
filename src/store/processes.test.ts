/** One writer and several readers in other processes see whole steps only, also when the writer is killed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { openStore, type Store } from './index.ts';

const folder = mkdtempSync(join(tmpdir(), 'burnish-store-'));
afterAll(() => rmSync(folder, { recursive: true }));

const STEP_ROWS = `({ events: [1, 2, 3, 4, 5].map((n) => ({ type: 'e', data: n })), metrics: { a: 1, b: 2, c: 3 } })`;

/** Runs a module that has `openStore` in scope in a process of its own. */
function inProcess(code: string): ChildProcess {
  const head = `import { openStore } from ${JSON.stringify(new URL('./index.ts', import.meta.url).href)};\n`;
  return spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', head + code], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** Exit code and output of a process. */
function finished(child: ChildProcess): Promise<{ code: number | null; output: string }> {
  let output = '';
  child.stdout!.on('data', (chunk) => {
    output += chunk;
  });
  child.stderr!.on('data', (chunk) => {
    output += chunk;
  });
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, output })));
}

function firstOutput(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => child.stdout!.once('data', () => resolve()));
}

async function wholeSteps(store: Store): Promise<number> {
  const series = await store.metrics('r');
  const steps = series[0]?.steps.length ?? 0;
  expect(series.map((one) => one.steps.length)).toEqual(steps === 0 ? [] : [steps, steps, steps]);
  const events = await store.events('r');
  expect(events.length % 5).toBe(0);
  expect(events.every((event, i) => event.sequence === i)).toBe(true);
  return steps;
}

const newRun = { id: 'r', name: 'r', method: 'm', config: {}, seed: 0, folder: '' };

it('lets other processes read whole steps while this one writes', async () => {
  const path = join(folder, 'shared.db');
  const store = await openStore(path);
  await store.createRun(newRun);
  const reader = `
    const store = await openStore(${JSON.stringify(path)}, { readOnly: true });
    console.log('open');
    let seen = 0, grew = 0;
    while (seen < 150) {
      const series = await store.metrics('r');
      const lengths = series.map((one) => one.steps.length);
      if (new Set(lengths).size > 1) throw new Error('torn metrics ' + lengths);
      const events = await store.events('r');
      if (events.length % 5 !== 0) throw new Error('torn events ' + events.length);
      if (events.length / 5 < (lengths[0] ?? 0)) throw new Error('went back in time');
      const now = lengths[0] ?? 0;
      if (now > seen) grew++;
      seen = now;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await store.commitStep('r', 1, {}).then(() => { throw new Error('wrote'); }, () => undefined);
    await store.close();
    console.log('grew', grew);`;
  const readers = [inProcess(reader), inProcess(reader)];
  const ends = readers.map(finished);
  await Promise.all(readers.map(firstOutput));
  for (let step = 0; step < 150; step++) {
    await store.commitStep('r', step, {
      events: [1, 2, 3, 4, 5].map((data) => ({ type: 'e', data })),
      metrics: { a: 1, b: 2, c: 3 },
    });
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  for (const end of await Promise.all(ends)) {
    expect(end.output).toMatch(/grew/);
    expect(end.code).toBe(0);
    expect(Number(/grew (\d+)/.exec(end.output)![1])).toBeGreaterThan(1);
  }
  expect(await wholeSteps(store)).toBe(150);
  await store.close();
});

it('holds whole steps after its writer was killed, and takes more', async () => {
  const path = join(folder, 'killed.db');
  const writer = inProcess(`
    const store = await openStore(${JSON.stringify(path)});
    await store.createRun(${JSON.stringify(newRun)});
    console.log('open');
    for (let step = 0; ; step++) {
      await store.commitStep('r', step, ${STEP_ROWS});
      await new Promise((resolve) => setImmediate(resolve));
    }`);
  const end = finished(writer);
  await firstOutput(writer);
  await new Promise((resolve) => setTimeout(resolve, 137));
  writer.kill('SIGKILL');
  await end;
  const store = await openStore(path);
  const steps = await wholeSteps(store);
  expect(steps).toBeGreaterThan(0);
  await store.commitStep('r', steps, { events: [{ type: 'e' }] });
  await store.close();
});

it('is made once when several processes open a new one at the same time', async () => {
  const path = join(folder, 'race.db');
  const start = Date.now() + 1500;
  const open = (id: string) =>
    finished(
      inProcess(`
        await new Promise((resolve) => setTimeout(resolve, ${start} - Date.now()));
        const store = await openStore(${JSON.stringify(path)});
        await store.createRun({ ...${JSON.stringify(newRun)}, id: ${JSON.stringify(id)} });
        await store.close();`),
    );
  const ends = await Promise.all(['a', 'b', 'c'].map(open));
  expect(ends).toEqual(Array(3).fill({ code: 0, output: '' }));
  const store = await openStore(path, { readOnly: true });
  expect((await store.runs()).map((run) => run.id).sort()).toEqual(['a', 'b', 'c']);
  await store.close();
});
