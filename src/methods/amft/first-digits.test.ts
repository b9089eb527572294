/** Tasks by their first digit: what is kept, in which order, and that other tasks cannot be had. */
import { describe, expect, it } from 'vitest';
import { noisyChain } from '../../environments/index.ts';
import { beginningWith } from './first-digits.ts';

const settings = { additions: 4, misconceptions: [], slips: 0, seed: 3, validationSize: 60, testSize: 60 };
const whole = noisyChain(settings);
const low = beginningWith(whole, { first: '01234', trainingSize: 50 });
const high = beginningWith(whole, { first: '56789', trainingSize: 50 });

describe('beginningWith', () => {
  it('keeps the earliest training tasks that begin so, and only those', () => {
    expect(low.size('train')).toBe(50);
    const prompts = Array.from({ length: 50 }, (_, index) => String(low.task('train', index).prompt));
    expect(prompts.filter((prompt) => !/^[0-4]/.test(prompt))).toEqual([]);
    const all = Array.from({ length: 200 }, (_, index) => String(whole.task('train', index).prompt));
    expect(prompts).toEqual(all.filter((prompt) => /^[0-4]/.test(prompt)).slice(0, 50));
  });

  it('parts each held-out split in two', () => {
    for (const split of ['validation', 'test'] as const) {
      expect(low.size(split)).toBeGreaterThan(10);
      expect(low.size(split) + high.size(split)).toBe(60);
      const prompts = [low, high].flatMap((part) =>
        Array.from({ length: part.size(split) }, (_, index) => part.task(split, index).prompt),
      );
      expect(new Set(prompts).size).toBe(60);
    }
  });

  it('names an index or a size that is out of range', () => {
    expect(() => low.task('train', 50)).toThrow('train task 50, expected an integer from 0 below 50');
    expect(() => low.task('test', -1)).toThrow(RangeError);
    expect(() => beginningWith(whole, { first: '0', trainingSize: 0 })).toThrow('trainingSize is 0');
  });
});
