/** Tests of the expression parser: writing and reading agree, values are exact, bad text is refused with its place. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Expression,
  ExpressionError,
  evaluate,
  formatExpression,
  numbersIn,
  type Operator,
  operatorsIn,
  parseExpression,
} from './arithmetic-expression.ts';

const operator = fc.constantFrom<Operator>('+', '-', '*', '/');
const { tree } = fc.letrec<{ tree: Expression }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 5 },
    fc.record({ kind: fc.constant('number' as const), value: fc.bigInt({ min: 0n, max: 999n }) }),
    fc.record({ kind: fc.constant('operation' as const), operator, left: tie('tree'), right: tie('tree') }),
  ),
}));

/** The value in floating point, straight from the tree. */
function floatValue(e: Expression): number {
  if (e.kind === 'number') return Number(e.value);
  const [a, b] = [floatValue(e.left), floatValue(e.right)];
  return { '+': a + b, '-': a - b, '*': a * b, '/': a / b }[e.operator];
}

function fullyParenthesised(e: Expression): string {
  return e.kind === 'number'
    ? String(e.value)
    : ` ( ${fullyParenthesised(e.left)} ${e.operator} ${fullyParenthesised(e.right)} )`;
}

describe('arithmetic expressions', () => {
  it('reads back the same tree from what it wrote, and from full parentheses with spaces', () => {
    fc.assert(
      fc.property(tree, (expression) => {
        expect(parseExpression(formatExpression(expression))).toEqual(expression);
        expect(parseExpression(fullyParenthesised(expression))).toEqual(expression);
      }),
    );
  });

  it('needs every pair of parentheses that it writes', () => {
    fc.assert(
      fc.property(tree, (expression) => {
        const text = formatExpression(expression);
        for (let open = 0; open < text.length; open++) {
          if (text[open] !== '(') continue;
          let close = open;
          for (let depth = 0; close < text.length; close++) {
            if (text[close] === '(') depth++;
            if (text[close] === ')' && --depth === 0) break;
          }
          const without = text.slice(0, open) + text.slice(open + 1, close) + text.slice(close + 1);
          expect(parseExpression(without)).not.toEqual(expression);
        }
      }),
    );
  });

  it('evaluates as floating point does, but exactly', () => {
    fc.assert(
      fc.property(tree, (expression) => {
        const float = floatValue(expression);
        let value: { numerator: bigint; denominator: bigint };
        try {
          value = evaluate(expression);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
          return;
        }
        const exact = Number(value.numerator) / Number(value.denominator);
        if (Math.abs(float) > 1e12 || !Number.isFinite(exact) || !Number.isFinite(float)) return;
        expect(Math.abs(exact - float)).toBeLessThanOrEqual(1e-6 * Math.max(1, Math.abs(float), 1e6));
        expect(value.denominator > 0n).toBe(true);
      }),
    );
    expect(evaluate(parseExpression('1/3+1/6'))).toEqual({ numerator: 1n, denominator: 2n });
    expect(evaluate(parseExpression('10-4-3*2/6'))).toEqual({ numerator: 5n, denominator: 1n });
    expect(evaluate(parseExpression('99999999999999999999-1')).numerator).toBe(99999999999999999998n);
    expect(() => evaluate(parseExpression('1/(2-2)'))).toThrow('division by zero');
  });

  it('lists numbers and operators from left to right', () => {
    const parsed = parseExpression('(8-3)*5/20');
    expect(numbersIn(parsed)).toEqual([8n, 3n, 5n, 20n]);
    expect(operatorsIn(parsed)).toEqual(['-', '*', '/']);
  });

  it.each([
    ['', 'the text ends, expected a number or "(" at position 0'],
    ['1+', 'the text ends, expected a number or "(" at position 2'],
    ['1 2', 'unexpected "2", expected an operator or the end at position 2'],
    ['(1+2', 'the text ends, expected an operator or ")" at position 4'],
    ['1)', 'unexpected ")", expected an operator or the end at position 1'],
    ['-3+5', 'unexpected "-", expected a number or "(" at position 0'],
    ['2(3)', 'unexpected "(", expected an operator or the end at position 1'],
    ['1.5', 'unexpected "." at position 1'],
    ['2**3', 'unexpected "*", expected a number or "(" at position 2'],
    ['process.exit()', 'unexpected "p" at position 0'],
  ])('refuses %j', (text, message) => {
    expect(() => parseExpression(text)).toThrow(message);
  });

  it('refuses arbitrary text only with an ExpressionError, also deep and long text', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'01(+-*/) x'), maxLength: 60 }), (text) => {
        try {
          parseExpression(text);
        } catch (error) {
          expect(error).toBeInstanceOf(ExpressionError);
        }
      }),
    );
    expect(() => parseExpression('('.repeat(1000))).toThrow(ExpressionError);
    expect(() => parseExpression('1+'.repeat(100_000))).toThrow(/200000 characters, expected at most 1000/);
  });
});
