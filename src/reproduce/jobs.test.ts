/** Jobs: order, slots, dependencies, failures and stopping. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { runJobs } from './jobs.ts';

const job = (id: string, needs: string[], run: () => Promise<void>) => ({ id, needs, run });

it('runs at most so many at a time, each after those it needs', async () => {
  const log: string[] = [];
  let running = 0;
  let most = 0;
  const work = (id: string) => async () => {
    running++;
    most = Math.max(most, running);
    log.push(`+${id}`);
    await sleep(id === 'base' ? 20 : 5);
    log.push(`-${id}`);
    running--;
  };
  const jobs = [
    job('a', ['base'], work('a')),
    job('base', [], work('base')),
    job('b', [], work('b')),
    job('c', ['a', 'b'], work('c')),
  ];
  const outcomes = await runJobs(jobs, { slots: 2 });
  expect(most).toBe(2);
  expect([...outcomes.values()].map(({ status }) => status)).toEqual(['done', 'done', 'done', 'done']);
  expect(log.indexOf('+a')).toBeGreaterThan(log.indexOf('-base'));
  expect(log.indexOf('+c')).toBeGreaterThan(log.indexOf('-a'));
  expect(log.slice(0, 2)).toEqual(['+base', '+b']);
});

it('a failure stops those that need it, and nothing else', async () => {
  const told: string[] = [];
  const fail = async () => {
    throw new Error('no');
  };
  const ok = async () => undefined;
  const jobs = [job('a', [], fail), job('b', ['a'], ok), job('c', ['b'], ok), job('d', [], ok)];
  const outcomes = await runJobs(jobs, {
    slots: 1,
    onOutcome: (id, { status }) => told.push(`${id} ${status}`),
  });
  expect(told).toEqual(['a failed', 'b skipped', 'c skipped', 'd done']);
  expect(outcomes.get('c')).toEqual({ status: 'skipped', because: 'b' });
});

it('starts nothing more once it is to stop, and refuses unknown needs', async () => {
  const stopping = new AbortController();
  const stop = async () => stopping.abort();
  const jobs = [job('a', [], stop), job('b', [], async () => undefined)];
  const outcomes = await runJobs(jobs, { slots: 1, signal: stopping.signal });
  expect([...outcomes.keys()]).toEqual(['a']);
  await expect(runJobs([job('a', ['x'], stop)], { slots: 1 })).rejects.toThrow('job a needs x');
});
