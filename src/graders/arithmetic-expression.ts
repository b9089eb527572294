/** Parses, evaluates and writes arithmetic: + - * /, parentheses and non-negative integers. */
import { add, divide, multiply, type Rational, rational, subtract } from './rational.ts';

export type Operator = '+' | '-' | '*' | '/';

export type Expression =
  | { kind: 'number'; value: bigint }
  | { kind: 'operation'; operator: Operator; left: Expression; right: Expression };

/** Why a text is no expression, with the position (from 0) of the character where reading stopped. */
export class ExpressionError extends Error {
  readonly position: number;
  constructor(message: string, position: number) {
    super(`${message} at position ${position}`);
    this.name = 'ExpressionError';
    this.position = position;
  }
}

const MAX_LENGTH = 1000;
const PRECEDENCE: Record<Operator, number> = { '+': 1, '-': 1, '*': 2, '/': 2 };
const isOperator = (text: string | undefined): text is Operator => text !== undefined && text in PRECEDENCE;

interface Token {
  text: string;
  position: number;
}

function tokenise(text: string): Token[] {
  if (text.length > MAX_LENGTH)
    throw new ExpressionError(
      `the expression has ${text.length} characters, expected at most ${MAX_LENGTH}`,
      0,
    );
  const tokens: Token[] = [];
  for (let i = 0; i < text.length; ) {
    const token = /^(?:\d+|[-+*/()])/.exec(text.slice(i))?.[0];
    if (token !== undefined) {
      tokens.push({ text: token, position: i });
      i += token.length;
    } else if (/\s/.test(text[i])) {
      i++;
    } else {
      throw new ExpressionError(`unexpected ${JSON.stringify(text[i])}`, i);
    }
  }
  return tokens;
}

/**
 * Reads an expression by precedence climbing; * and / bind before + and -, equals from the left. There is no unary
 * minus and no implicit product. Throws an ExpressionError on anything else, and on texts of over 1000 characters.
 */
export function parseExpression(text: string): Expression {
  const tokens = tokenise(text);
  let next = 0;
  const unexpected = (expected: string) => {
    const token = tokens[next];
    if (token === undefined) return new ExpressionError(`the text ends, expected ${expected}`, text.length);
    return new ExpressionError(
      `unexpected ${JSON.stringify(token.text)}, expected ${expected}`,
      token.position,
    );
  };
  const primary = (): Expression => {
    const token = tokens[next]?.text;
    if (token !== undefined && /^\d/.test(token)) {
      next++;
      return { kind: 'number', value: BigInt(token) };
    }
    if (token !== '(') throw unexpected('a number or "("');
    next++;
    const inner = climb(1);
    if (tokens[next]?.text !== ')') throw unexpected('an operator or ")"');
    next++;
    return inner;
  };
  const climb = (lowest: number): Expression => {
    let left = primary();
    for (;;) {
      const operator = tokens[next]?.text;
      if (!isOperator(operator) || PRECEDENCE[operator] < lowest) return left;
      next++;
      left = { kind: 'operation', operator, left, right: climb(PRECEDENCE[operator] + 1) };
    }
  };
  const expression = climb(1);
  if (next < tokens.length) throw unexpected('an operator or the end');
  return expression;
}

const APPLY: Record<Operator, (a: Rational, b: Rational) => Rational> = {
  '+': add,
  '-': subtract,
  '*': multiply,
  '/': divide,
};

/** The exact value. Throws a RangeError on a division by zero. */
export function evaluate(expression: Expression): Rational {
  if (expression.kind === 'number') return rational(expression.value);
  return APPLY[expression.operator](evaluate(expression.left), evaluate(expression.right));
}

/** The integers written in an expression, from left to right. */
export function numbersIn(expression: Expression): bigint[] {
  if (expression.kind === 'number') return [expression.value];
  return [...numbersIn(expression.left), ...numbersIn(expression.right)];
}

/** The operators in an expression, from left to right. */
export function operatorsIn(expression: Expression): Operator[] {
  if (expression.kind === 'number') return [];
  return [...operatorsIn(expression.left), expression.operator, ...operatorsIn(expression.right)];
}

/** Writes an expression without spaces and with only the parentheses that its shape needs. */
export function formatExpression(expression: Expression): string {
  if (expression.kind === 'number') return String(expression.value);
  const { operator, left, right } = expression;
  const level = PRECEDENCE[operator];
  const wrap = (side: Expression, lowest: number) => {
    const text = formatExpression(side);
    return side.kind === 'operation' && PRECEDENCE[side.operator] < lowest ? `(${text})` : text;
  };
  return wrap(left, level) + operator + wrap(right, level + 1);
}
