/** One at a time, also after a holder died; waiting can be refused and given up. */
import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { LockedError, withLock } from './lock.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'burnish-lock-'));
});
afterEach(() => rm(folder, { recursive: true }));

it('lets one piece of work in at a time and leaves nothing behind', async () => {
  let inside = 0;
  let most = 0;
  const order: number[] = [];
  const work = (i: number) => async () => {
    inside++;
    most = Math.max(most, inside);
    await sleep(15);
    order.push(i);
    inside--;
  };
  const all = Array.from({ length: 6 }, (_, i) => withLock(join(folder, 'x'), work(i), { interval: 5 }));
  await Promise.all(all);
  expect(most).toBe(1);
  expect(order).toHaveLength(6);
  expect(await readdir(folder)).toEqual([]);
});

it('succeeds a process that died, and cleans up after it', async () => {
  const { pid } = spawnSync(process.execPath, ['-e', '']);
  await writeFile(join(folder, 'x.lock-0'), `${pid} 1`);
  expect(await withLock(join(folder, 'x'), async () => readdir(folder))).toContain('x.lock-1');
  expect(await readdir(folder)).toEqual([]);
  if (process.platform !== 'linux') return;
  // Another process has its number now.
  await writeFile(join(folder, 'x.lock-3'), `${process.pid} 1`);
  expect(await withLock(join(folder, 'x'), async () => 'done')).toBe('done');
});

it('refuses or gives up where someone is inside, and passes errors on', async () => {
  const path = join(folder, 'x');
  await withLock(path, async () => {
    await expect(withLock(path, async () => 0, { wait: false })).rejects.toThrow(LockedError);
    const signal = AbortSignal.timeout(20);
    await expect(withLock(path, async () => 0, { signal, interval: 5 })).rejects.toThrow('timeout');
  });
  await expect(
    withLock(path, async () => {
      throw new Error('inside');
    }),
  ).rejects.toThrow('inside');
  expect(await readdir(folder)).toEqual([]);
});
