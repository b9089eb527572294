import { expect, it } from 'vitest';
import { Turns } from './turns.ts';

it('runs operations one at a time, in the order they were asked for, also after one that fails', async () => {
  const turns = new Turns();
  const log: string[] = [];
  const operation = (name: string, steps: number, fail = false) =>
    turns.take(async () => {
      for (let i = 0; i < steps; i++) {
        log.push(`${name}${i}`);
        await new Promise((resolve) => setImmediate(resolve));
      }
      if (fail) throw new Error(name);
      return name;
    });
  const results = [operation('a', 3), operation('b', 1, true), operation('c', 2)];
  expect(turns.busy).toBe(true);
  expect(await Promise.allSettled(results)).toEqual([
    { status: 'fulfilled', value: 'a' },
    { status: 'rejected', reason: new Error('b') },
    { status: 'fulfilled', value: 'c' },
  ]);
  expect(log).toEqual(['a0', 'a1', 'a2', 'b0', 'c0', 'c1']);
  expect(turns.busy).toBe(false);
});
