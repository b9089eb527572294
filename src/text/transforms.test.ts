/** Transformations of texts: what they write, and that every text comes back. */
import { describe, expect, it } from 'vitest';
import { rng } from '../random/index.ts';
import { identityTransform, leetspeak, rot13, substitution, swapCase } from './transforms.ts';

const all = [identityTransform, leetspeak, rot13, swapCase, substitution('overlapping', 'abcd', 'cdef')];

describe('transforms', () => {
  it('write what they are named for', () => {
    expect(leetspeak.apply('a test: 7 toes')).toBe('4 7357: t 7035');
    expect(rot13.apply('Hello, y2')).toBe('Uryyb, l2');
    expect(swapCase.apply('Yes, no 1')).toBe('yES, NO 1');
    expect(substitution('digits', '0123', 'abcd').apply('1+2:3 a')).toBe('b+c:d 0');
    expect(substitution('turn', '012', '120').apply('0122')).toBe('1200');
  });

  it.each(all.map((one) => [one.name, one] as const))('%s turns every text back', (_, { apply, invert }) => {
    const random = rng(1, 'texts');
    const symbols = [...'abcdefghijklmnopqrstuvwxyzABCDEZ0123456789 ,é漢😀'];
    for (let i = 0; i < 200; i++) {
      const text = Array.from({ length: random.int(12) }, () => random.choice(symbols)).join('');
      expect(invert(apply(text))).toBe(text);
      expect(apply(invert(text))).toBe(text);
    }
  });

  it('refuses what cannot be turned back', () => {
    expect(() => substitution('x', 'ab', 'c')).toThrow(/substitution x: 2 and 1 characters/);
    expect(() => substitution('x', 'aa', 'bc')).toThrow(/from has "a" twice/);
    expect(() => substitution('x', 'ab', 'cc')).toThrow(/to has "c" twice/);
    expect(() => substitution('x', '', '')).toThrow(/at least one/);
  });
});
