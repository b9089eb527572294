/** Tests of what every environment promises: splits that never meet, the same task every time, clear errors. */
import { describe, expect, it } from 'vitest';
import type { Environment, Split } from '../types/index.ts';
import { arithmetic } from './arithmetic.ts';
import { countdown } from './countdown.ts';
import { createEnvironment, environmentNames } from './registry.ts';
import { hashFraction, splitOf } from './split-rule.ts';

const SPLITS: Split[] = ['train', 'validation', 'test'];

/** A prompt with its operands or numbers sorted: equal for tasks that ask the same. */
function meaningOf(prompt: string): string {
  const [terms, rest] = [prompt.slice(0, prompt.indexOf('=')), prompt.slice(prompt.indexOf('='))];
  if (terms.includes('-')) return prompt;
  const parts = terms.split(/[+,]/);
  return parts.sort().join(',') + rest;
}

const generators: [string, (seed: number, size: number) => Environment][] = [
  [
    'arithmetic',
    (seed, size) => arithmetic({ seed, digits: [2, 3], validationSize: size, testSize: size }) as Environment,
  ],
  [
    'countdown',
    (seed, size) => countdown({ seed, maxNumber: 40, validationSize: size, testSize: size }) as Environment,
  ],
];

describe.each(generators)('splits of %s', (_, make) => {
  it('share no task in 10 000 of each seed, not even across seeds, and held-out tasks are distinct', () => {
    const splitOfTask = new Map<string, Split>();
    const leaks: string[] = [];
    for (const seed of [1, 2]) {
      const environment = make(seed, 1000);
      for (const split of SPLITS) {
        const n = split === 'train' ? 8000 : environment.size(split);
        const meanings = new Set<string>();
        for (let i = 0; i < n; i++) {
          const meaning = meaningOf(environment.task(split, i).prompt as string);
          meanings.add(meaning);
          if ((splitOfTask.get(meaning) ?? split) !== split) leaks.push(meaning);
          splitOfTask.set(meaning, split);
        }
        if (split !== 'train') expect([n, meanings.size]).toEqual([1000, 1000]);
      }
    }
    expect(leaks).toEqual([]);
    expect(splitOfTask.size).toBeGreaterThan(10_000);
  });

  it('give the same task every time, in any order, and other tasks for another seed', () => {
    const [a, b, other] = [make(5, 50), make(5, 50), make(6, 50)];
    for (const split of SPLITS) {
      const forwards = Array.from({ length: 50 }, (_, i) => a.task(split, i));
      const backwards = Array.from({ length: 50 }, (_, i) => b.task(split, 49 - i)).reverse();
      expect(forwards).toEqual(backwards);
      expect(forwards.map((task) => task.prompt)).not.toEqual(
        forwards.map((_, i) => other.task(split, i).prompt),
      );
      expect(new Set(forwards.map((task) => task.id)).size).toBe(50);
    }
  });

  it('refuse an index beyond the split', () => {
    const environment = make(0, 50);
    expect(environment.size('train')).toBe(Number.POSITIVE_INFINITY);
    expect(() => environment.task('validation', 50)).toThrow(
      /validation task 50, expected an integer from 0 below 50/,
    );
    expect(() => environment.task('train', -1)).toThrow(RangeError);
    expect(() => environment.task('train', 0.5)).toThrow(RangeError);
  });
});

describe('small generators', () => {
  it('hold out only what there is', () => {
    const tiny = arithmetic({ digits: [1, 1], operations: ['+'] });
    const all = SPLITS.flatMap((split) => {
      const n = split === 'train' ? 2000 : tiny.size(split);
      return Array.from({ length: n }, (_, i) => meaningOf(tiny.task(split, i).prompt as string));
    });
    expect(new Set(all).size).toBe(55);
    expect(tiny.size('validation') + tiny.size('test')).toBeLessThan(25);
  });
});

describe('the split rule', () => {
  it('is the start of SHA-256, big-endian', () => {
    // printf hello | sha256sum: 2cf24dba5fb0…
    expect(hashFraction('hello')).toBe(0x2cf24dba5fb0 / 2 ** 48);
    expect(splitOf('hello', { validation: 0.05, test: 0.1 })).toBe('train');
    expect(splitOf('hello', { validation: 0.05, test: 0.2 })).toBe('test');
    expect(splitOf('hello', { validation: 0.2, test: 0.1 })).toBe('validation');
  });
});

describe('createEnvironment', () => {
  it('makes every environment by name', async () => {
    for (const name of environmentNames) expect((await createEnvironment(name)).name).toBe(name);
    const environment = await createEnvironment('arithmetic', { digits: [4, 4], operations: ['+'] });
    expect(environment.task('train', 0).prompt).toMatch(/^\d{4}\+\d{4}=$/);
  });

  it('lists what exists', async () => {
    await expect(createEnvironment('toString')).rejects.toThrow(
      'unknown environment "toString"; the environments are: arithmetic, countdown, g2p, list-programs, pair-search',
    );
    await expect(createEnvironment('countdown', { maxNumbers: 3 })).rejects.toThrow(
      /environment countdown: unknown option "maxNumbers"; the options are: numbers, maxNumber, .*seed/,
    );
    await expect(createEnvironment('arithmetic', { digits: [3, 1] })).rejects.toThrow(
      /option digits is \[3,1\]: expected \[least, most\] with least <= most/,
    );
    await expect(createEnvironment('g2p', { stress: 'yes' })).rejects.toThrow(
      /option stress is "yes": .*boolean/,
    );
  });
});
