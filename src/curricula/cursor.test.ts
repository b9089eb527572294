/** Curricula: every task once an epoch, the same order for the same seed, and resuming in the middle. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sequential, shuffled } from './index.ts';

describe('shuffled', () => {
  it('gives every task exactly once an epoch, in different orders', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 30 }), fc.integer(), (size, seed) => {
        const curriculum = shuffled(size, seed, 'test');
        const all = Array.from({ length: size }, (_, i) => i);
        for (let epoch = 0; epoch < 3; epoch++)
          expect(curriculum.next(size, epoch).sort((a, b) => a - b)).toEqual(all);
      }),
    );
    const curriculum = shuffled(50, 1);
    expect(curriculum.next(50, 1)).not.toEqual(curriculum.next(50, 2));
  });

  it('goes on from its state as if never stopped, across epochs', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 12 }),
        fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 2, maxLength: 8 }),
        fc.nat({ max: 7 }),
        (size, counts, cut) => {
          const whole = shuffled(size, 3, 'a');
          const expected = counts.map((count, step) => whole.next(count, step));
          let curriculum = shuffled(size, 3, 'a');
          const got = counts.map((count, step) => {
            if (step === cut) {
              const state = JSON.parse(JSON.stringify(curriculum.state()));
              curriculum = shuffled(size, 3, 'a');
              curriculum.restore(state);
            }
            return curriculum.next(count, step);
          });
          expect(got).toEqual(expected);
        },
      ),
    );
  });

  it('differs by seed and by path', () => {
    const first = (seed: number, path: string) => shuffled(100, seed, path).next(10, 0);
    expect(first(1, 'a')).toEqual(first(1, 'a'));
    expect(first(1, 'a')).not.toEqual(first(2, 'a'));
    expect(first(1, 'a')).not.toEqual(first(1, 'b'));
  });

  it('walks a split without end', () => {
    expect(shuffled(Infinity, 1).next(3, 0)).toEqual([0, 1, 2]);
  });
});

describe('sequential', () => {
  it('keeps the order and starts over', () => {
    const curriculum = sequential(3);
    expect(curriculum.next(2, 0)).toEqual([0, 1]);
    expect(curriculum.next(3, 1)).toEqual([2, 0, 1]);
  });

  it('refuses empty splits, bad counts and foreign states', () => {
    expect(() => sequential(0)).toThrow(/0 tasks/);
    expect(() => sequential(2).next(0, 0)).toThrow(/count is 0/);
    expect(() => sequential(2).restore(shuffled(2, 1).state())).toThrow(/cannot go on/);
  });
});
