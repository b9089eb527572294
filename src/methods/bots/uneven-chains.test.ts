/** Uneven chains: teachers' errors, and a pool of different tasks. */
import { describe, expect, it } from 'vitest';
import { chainPool, chainsOf, errorsOf } from './uneven-chains.ts';

const base = { name: 'base', skill: 0, own: 0 };

describe('teachers', () => {
  it('err rarely at some pairs and nearly always at others, less with more skill', () => {
    const errors = errorsOf(base);
    expect(errors).toHaveLength(100);
    expect(errors[0]).toBeCloseTo(1 / (1 + Math.exp(-3)), 3);
    expect(errors[99]).toBeCloseTo(1 / (1 + Math.exp(4)), 3);
    const skilled = errorsOf({ ...base, skill: 2 });
    expect(skilled.every((error, i) => error < errors[i])).toBe(true);
    const other = errorsOf({ name: 'other', skill: 0, own: 1 });
    expect(other.filter((error, i) => error > errors[i]).length).toBeGreaterThan(25);
    expect(errorsOf({ name: 'other', skill: 0, own: 1 })).toEqual(other);
  });
});

describe('the pool', () => {
  const pool = chainPool(chainsOf(base), 200, (index) => ({ weakRate: index / 1000 }));

  it('has so many different tasks, with facts on training tasks only', () => {
    expect(pool.size('train')).toBe(200);
    const tasks = Array.from({ length: 200 }, (_, k) => pool.task('train', k));
    expect(new Set(tasks.map(({ prompt }) => prompt)).size).toBe(200);
    expect(tasks[7].metadata?.weakRate).toBe(0.007);
    expect(pool.task('test', 0).metadata?.weakRate).toBeUndefined();
    expect(() => chainPool({ ...chainsOf(base), additions: 1 }, 101)).toThrow(
      /size is 101, expected at most the \d+ there are/,
    );
    expect(() => pool.task('train', 200)).toThrow(/train task 200, expected an integer from 0 below 200/);
  });

  it('never trains on what it holds out', () => {
    const held = new Set(Array.from({ length: pool.size('test') }, (_, k) => pool.task('test', k).prompt));
    expect(held.size).toBeGreaterThan(80);
    for (let k = 0; k < 200; k++) expect(held.has(pool.task('train', k).prompt)).toBe(false);
  });
});
