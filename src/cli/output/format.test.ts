import { describe, expect, it } from 'vitest';
import { clock, figure, percent, range, short, table } from './format.ts';
import { columns, cut, styleFor } from './style.ts';

describe('figures in a terminal', () => {
  it.each([
    [0, '0 s'],
    [59.6, '1 m 0 s'],
    [80, '1 m 20 s'],
    [3600 * 2 + 300, '2 h 5 m'],
    [7199, '2 h 0 m'],
  ])('clock(%f) is %s', (seconds, text) => expect(clock(seconds)).toBe(text));

  it.each([
    [950, '950'],
    [12_345, '12.3k'],
    [999_999, '1.00M'],
    [4_560_000, '4.56M'],
  ])('short(%i) is %s', (count, text) => expect(short(count)).toBe(text));

  it('writes shares, intervals and small figures', () => {
    expect(percent(0.3125)).toBe('31.3%');
    expect(percent(Number.NaN)).toBe('–');
    expect(range(0.28, 0.345)).toBe('[28.0, 34.5]');
    expect([figure(0), figure(1.23e-5), figure(0.5), figure(123.45)]).toEqual([
      '0.000',
      '1.23e-5',
      '0.500',
      '123.5',
    ]);
  });

  it('aligns tables', () => {
    expect(
      table(
        [
          ['run', 'score'],
          ['a', '9'],
          ['long', '10'],
        ],
        [1],
      ),
    ).toEqual(['run   score', 'a         9', 'long     10']);
  });
});

describe('style', () => {
  it('counts columns without codes, and cuts', () => {
    const { bold } = styleFor({ isTTY: true }, {});
    expect(bold('abc')).not.toBe('abc');
    expect(columns(bold('abc▁'))).toBe(4);
    expect(cut('abcdef', 4)).toBe('abc…');
    expect(cut('abcd', 4)).toBe('abcd');
  });

  it('is plain off terminals and with NO_COLOR', () => {
    expect(styleFor({}, {}).bold('x')).toBe('x');
    expect(styleFor({ isTTY: true }, { NO_COLOR: '1' }).bold('x')).toBe('x');
  });
});
