/** Truthfulness against counts made by hand. */
import { describe, expect, it } from 'vitest';
import { truthfulness } from './index.ts';

describe('truthfulness', () => {
  const outcomes = [
    'correct',
    'correct',
    'correct',
    'abstained',
    'wrong',
    'wrong',
    'abstained',
    'correct',
  ] as const;

  it('is accuracy less hallucination, as in (2c + m - n) / n', () => {
    const figures = truthfulness(outcomes);
    expect(figures).toEqual({ accuracy: 0.5, abstention: 0.25, hallucination: 0.25, truthfulness: 0.25 });
    expect(figures.truthfulness).toBe((2 * 4 + 2 - 8) / 8);
  });

  it('takes other weights', () => {
    expect(truthfulness(outcomes, { abstained: 0.5, wrong: 2 }).truthfulness).toBe(0.5 + 0.125 - 0.5);
  });

  it('refuses no outcomes', () => {
    expect(() => truthfulness([])).toThrow('0 outcomes');
  });
});
