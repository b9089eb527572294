/** The list language: what words do, where programs fail, and that they always end. */
import { describe, expect, it } from 'vitest';
import { isListProgram, listProgramOutput, parseNumbers, runListProgram } from './list-language.ts';

describe('list programs', () => {
  it.each([
    ['dedup dbl sum', [3, 3, 1], 8],
    ['dbl dedup rev head', [3, 3, 1], 2],
    ['abs max', [-7, 2], 7],
    ['relu min', [-7, 2], 0],
    ['inc sortA', [3, 1, 2], [2, 3, 4]],
    ['sortD', [3, 1, 10], [10, 3, 1]],
    ['sum', [], 0],
    ['sum or1', [], 1],
    ['sum or1', [5], 5],
    ['head or0', [], 0],
  ])('%s on %j is %j', (program, input, output) => {
    expect(runListProgram(program, input)).toEqual(output);
  });

  it.each([
    ['max', [], /no such value/],
    ['', [1], /is no word/],
    ['dbl constructor', [1], /"constructor" is no word/],
    ['or0 sum', [1], /nothing was reduced/],
    ['sum dbl', [1], /expected a list, there is 1/],
    ['min dbl', [], /expected a list, there is no value/],
    [`${'dbl '.repeat(60)}sum`, [1], /too large/],
  ])('%s on %j fails', (program, input, message) => {
    expect(() => runListProgram(program, input)).toThrow(message);
  });

  it('stops after so many steps', () => {
    expect(runListProgram('rev '.repeat(20), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10])).toHaveLength(10);
    expect(() => runListProgram('rev '.repeat(21), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10])).toThrow(
      /more than 200 steps/,
    );
  });

  it('reads and writes text', () => {
    expect(listProgramOutput('rev', '1, -2 3')).toBe('3 -2 1');
    expect(parseNumbers('')).toEqual([]);
    expect(() => parseNumbers('1 2.5')).toThrow(/"2.5" is no integer/);
    expect(isListProgram(' dbl sum ')).toBe(true);
    expect(isListProgram('dbl, sum')).toBe(false);
    expect(isListProgram('')).toBe(false);
  });
});
