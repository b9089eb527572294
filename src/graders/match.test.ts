/** Tests of exact match, numbers, patterns and format. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exactMatch, normalizeAnswer } from './exact-match.ts';
import { afterMarker, lastNumber } from './extract.ts';
import { format } from './format.ts';
import { numeric } from './numeric.ts';
import { regex } from './regex.ts';
import { gradeOf, inputOf, scoreOf } from './testing.ts';

describe('exactMatch', () => {
  it('compares as it is, but for the ends', async () => {
    expect(await scoreOf(exactMatch(), ' Paris\n', 'Paris')).toBe(1);
    expect(await scoreOf(exactMatch(), 'paris', 'Paris')).toBe(0);
    expect(await scoreOf(exactMatch(), 'Rome', { answer: ['Paris', 'Rome'] })).toBe(1);
  });

  it('normalises both sides', async () => {
    expect(normalizeAnswer(' The  Eiffel-Tower, a “tower”! ')).toBe('eiffeltower tower');
    expect(await scoreOf(exactMatch({ normalize: true }), 'the ＰＡＲＩＳ.', 'Paris')).toBe(1);
    const sorted = exactMatch({ normalize: (text) => [...text].sort().join('') });
    expect([await scoreOf(sorted, 'cab', 'abc'), await scoreOf(sorted, 'cabb', 'abc')]).toEqual([1, 0]);
  });

  it('looks where it is told and fails without a reference', async () => {
    const grader = exactMatch<unknown>({ extract: afterMarker('####') });
    expect(await scoreOf(grader, 'so #### 3 #### 4', '4')).toBe(1);
    expect(await scoreOf(grader, '4', '4')).toBe(0);
    await expect(gradeOf(grader, '4', { reference: '4' })).rejects.toThrow(/test\/1: no reference answer/);
    const own = exactMatch<{ city: string }>({ reference: (task) => task.data.city });
    expect(await scoreOf(own, 'Oslo', { city: 'Oslo' })).toBe(1);
  });
});

describe('lastNumber', () => {
  it.each([
    ['it is 42.', '42'],
    ['47-85', '85'],
    ['x = -85', '-85'],
    ['3 or -1,234.50 dollars', '-1,234.50'],
    ['1,2', '2'],
    ['2e-3', '2e-3'],
    ['.5', '.5'],
    ['(3)-4', '4'],
    ['12,345,6', '6'],
  ])('%j gives %j', (text, number) => expect(lastNumber(text)).toBe(number));

  it('gives nothing where there is no number', () => expect(lastNumber('no, - . e')).toBeUndefined());
});

describe('numeric', () => {
  it('compares decimals exactly, at any number of digits', async () => {
    expect(await scoreOf(numeric(), 'so 0.30', '0.3')).toBe(1);
    expect(await scoreOf(numeric(), '10,000', 1e4)).toBe(1);
    expect(await scoreOf(numeric(), '123456789012345678901', { answer: '123456789012345678902' })).toBe(0);
    await fc.assert(
      fc.asyncProperty(fc.bigInt(), fc.bigInt(), async (a, b) => {
        expect(await scoreOf(numeric(), String(a), String(b))).toBe(a === b ? 1 : 0);
      }),
    );
  });

  it('allows for tolerances', async () => {
    expect(await scoreOf(numeric({ tolerance: 0.1 }), '1.1', '1')).toBe(1);
    expect(await scoreOf(numeric({ tolerance: 0.1 }), '1.1001', '1')).toBe(0);
    expect(await scoreOf(numeric({ relativeTolerance: 0.01 }), '-202', '-200')).toBe(1);
    expect(await scoreOf(numeric({ relativeTolerance: 0.01 }), '-202.1', '-200')).toBe(0);
    expect(() => numeric({ tolerance: -1 })).toThrow(/tolerance is -1, expected 0 or more/);
    expect(() => numeric({ tolerance: Number.NaN })).toThrow(/tolerance is NaN/);
  });

  it('scores 0 without a number and fails without a reference number', async () => {
    expect(await scoreOf(numeric(), 'none', '1')).toBe(0);
    expect(await scoreOf(numeric({ extract: afterMarker('#') }), '1', '1')).toBe(0);
    await expect(gradeOf(numeric(), '1', 'one')).rejects.toThrow(/the reference is "one", expected a number/);
  });
});

describe('regex and format', () => {
  it('regex finds, format matches the whole', async () => {
    expect(await scoreOf(regex({ pattern: 'b+', flags: 'gi' }), 'aBBc', null)).toBe(1);
    expect(await scoreOf(regex({ pattern: /b+/g }), 'ac', null)).toBe(0);
    expect(await scoreOf(format({ pattern: 'a|b+' }), 'bb', null)).toBe(1);
    expect(await scoreOf(format({ pattern: 'a|b+' }), 'ab', null)).toBe(0);
    expect(await scoreOf(format({ pattern: /a/m }), 'a\nb', null)).toBe(0);
  });

  it('gives the same answer every time, also for global patterns', async () => {
    const grader = regex({ pattern: /a/gy });
    expect([await scoreOf(grader, 'ba', null), await scoreOf(grader, 'ba', null)]).toEqual([1, 1]);
  });

  it('names a malformed pattern', () => {
    expect(() => regex({ pattern: '(' })).toThrow(/pattern "\("/);
  });

  it('format takes a predicate over the completion and its input', async () => {
    const grader = format({ predicate: (text, input) => text.length === input.tokens.length });
    const signal = new AbortController().signal;
    expect(await grader.grade(inputOf('ab', null, [1, 2]), signal)).toEqual({ status: 'graded', score: 1 });
    expect(await grader.grade(inputOf('ab', null, [1]), signal)).toEqual({ status: 'graded', score: 0 });
  });
});
