/** Formulas against JavaScript's own arithmetic, and what is refused. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FormulaError, parseFormula } from './formula.ts';

const value = (text: string, values: Record<string, number> = {}) => parseFormula(text).evaluate(values);

describe('a formula', () => {
  it.each<[string, number]>([
    ['1 + 2 * 3', 7],
    ['(1 + 2) * 3', 9],
    ['2 ^ 3 ^ 2', 512],
    ['-2 ^ 2', -4],
    ['2 ^ -1', 0.5],
    ['8 / 4 / 2', 1],
    ['10 - 4 - 3', 3],
    ['min(3, 1, 2) + max(1, 5)', 6],
    ['floor(1.7) + ceil(1.2) + abs(-3)', 6],
    ['sqrt(16) + log(1) + exp(0)', 5],
    ['1e-3 * .5', 0.0005],
  ])('%s is %d', (text, expected) => expect(value(text)).toBeCloseTo(expected, 12));

  it('reads names', () => {
    const formula = parseFormula('0.5 * exact + 0.5 * close_score');
    expect([...formula.names]).toEqual(['exact', 'close_score']);
    expect(formula.evaluate({ exact: 1, close_score: 0.5 })).toBe(0.75);
    expect(() => formula.evaluate({ exact: 1 })).toThrow(FormulaError);
  });

  it.each([
    ['(1 + 2', /expected '\)'/],
    ['1 +', /found the end/],
    ['1 2', /expected an operator or the end at position 2/],
    ['sin(1)', /there is no function 'sin'/],
    ['abs(1, 2)', /takes one value/],
    ['a ? b : c', /unexpected "\?" at position 2/],
    ['', /found the end/],
    [`${'('.repeat(5000)}1${')'.repeat(5000)}`, /nested/],
  ])('%s is refused', (text, message) => expect(() => parseFormula(text)).toThrow(message));

  it('agrees with JavaScript on random arithmetic', () => {
    const tree: fc.Arbitrary<string> = fc.letrec<{ node: string }>((tie) => ({
      node: fc.oneof(
        { maxDepth: 4 },
        fc.integer({ min: 0, max: 9 }).map(String),
        fc
          .tuple(tie('node'), fc.constantFrom('+', '-', '*', '/'), tie('node'))
          .map(([a, o, b]) => `(${a} ${o} ${b})`),
        tie('node').map((a) => `max(${a}, 1)`),
      ),
    })).node;
    fc.assert(
      fc.property(tree, (text) => {
        const expected = new Function(`return ${text.replaceAll('max', 'Math.max')}`)() as number;
        expect(value(text)).toEqual(expected);
      }),
    );
  });
});
