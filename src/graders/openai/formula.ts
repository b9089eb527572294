/** The arithmetic of `calculate_output`: numbers, names, + - * / ^, parentheses and a few functions; never host code. */

/** What is wrong with a formula, and where. */
export class FormulaError extends Error {
  override name = 'FormulaError';
}

/** A formula ready to be computed with values by name. */
export interface Formula {
  /** Names that it reads. */
  readonly names: ReadonlySet<string>;
  /** Not finite where the arithmetic is (a division by zero, the logarithm of 0). Throws on a name without a value. */
  evaluate(values: Readonly<Record<string, number>>): number;
}

type Node = (values: Readonly<Record<string, number>>) => number;

const FUNCTIONS: Record<string, { least: number; most: number; apply(...x: number[]): number }> = {
  min: { least: 1, most: Infinity, apply: Math.min },
  max: { least: 1, most: Infinity, apply: Math.max },
  abs: { least: 1, most: 1, apply: Math.abs },
  floor: { least: 1, most: 1, apply: Math.floor },
  ceil: { least: 1, most: 1, apply: Math.ceil },
  exp: { least: 1, most: 1, apply: Math.exp },
  sqrt: { least: 1, most: 1, apply: Math.sqrt },
  log: { least: 1, most: 1, apply: Math.log },
};

const TOKEN = /\s*(?:(\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)|([A-Za-z_]\w*)|([-+*/^(),]))/y;

interface Token {
  kind: 'number' | 'name' | 'sign' | 'end';
  text: string;
  at: number;
}

function tokens(text: string): Token[] {
  const found: Token[] = [];
  const end = text.trimEnd().length;
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < end) {
    const from = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (match === null) {
      const at = from + text.slice(from).search(/\S/);
      throw new FormulaError(`unexpected ${JSON.stringify(text[at])} at position ${at}`);
    }
    const [, number, name, sign] = match;
    const kind = number !== undefined ? 'number' : name !== undefined ? 'name' : 'sign';
    const value = number ?? name ?? sign;
    found.push({ kind, text: value, at: TOKEN.lastIndex - value.length });
  }
  found.push({ kind: 'end', text: 'the end', at: text.length });
  return found;
}

/** Deeper nesting than anyone writes. */
const MOST_NESTED = 200;

/**
 * Reads a formula. `^` binds tighter than a sign before it and to the right, as in mathematics: -2^2 is -4.
 * Throws a FormulaError that says where.
 */
export function parseFormula(text: string): Formula {
  const list = tokens(text);
  const names = new Set<string>();
  let at = 0;
  let nested = 0;
  const peek = () => list[at];
  const isSign = (...signs: string[]) => peek().kind === 'sign' && signs.includes(peek().text);
  const unexpected = ({ text: found, at: place, kind }: Token, wanted: string) =>
    new FormulaError(
      `expected ${wanted} at position ${place}, found ${kind === 'end' ? found : JSON.stringify(found)}`,
    );
  const expectSign = (sign: string) => {
    if (!isSign(sign)) throw unexpected(peek(), `'${sign}'`);
    at++;
  };

  const chain = (part: () => Node, apply: Record<string, (a: number, b: number) => number>): Node => {
    let left = part();
    while (isSign(...Object.keys(apply))) {
      const operation = apply[list[at++].text];
      const [a, b] = [left, part()];
      left = (values) => operation(a(values), b(values));
    }
    return left;
  };
  const expression = (): Node => {
    if (++nested > MOST_NESTED) throw new FormulaError(`it is nested more than ${MOST_NESTED} deep`);
    const node = chain(term, { '+': (a, b) => a + b, '-': (a, b) => a - b });
    nested--;
    return node;
  };
  const term = (): Node => chain(unary, { '*': (a, b) => a * b, '/': (a, b) => a / b });
  const unary = (): Node => {
    if (!isSign('-')) return power();
    at++;
    if (++nested > MOST_NESTED) throw new FormulaError(`it is nested more than ${MOST_NESTED} deep`);
    const inner = unary();
    nested--;
    return (values) => -inner(values);
  };
  const power = (): Node => {
    const base = atom();
    if (!isSign('^')) return base;
    at++;
    if (++nested > MOST_NESTED) throw new FormulaError(`it is nested more than ${MOST_NESTED} deep`);
    const exponent = unary();
    nested--;
    return (values) => base(values) ** exponent(values);
  };
  const atom = (): Node => {
    const token = list[at];
    if (token.kind === 'number') {
      at++;
      const value = Number(token.text);
      return () => value;
    }
    if (token.kind === 'name') {
      at++;
      return isSign('(') ? call(token) : variable(token.text);
    }
    if (!isSign('(')) throw unexpected(token, "a number, a name or '('");
    at++;
    const inner = expression();
    expectSign(')');
    return inner;
  };
  const variable = (name: string): Node => {
    names.add(name);
    return (values) => {
      if (!Object.hasOwn(values, name)) throw new FormulaError(`'${name}' has no value`);
      return values[name];
    };
  };
  const call = ({ text: name, at: place }: Token): Node => {
    if (!Object.hasOwn(FUNCTIONS, name))
      throw new FormulaError(
        `there is no function '${name}' (position ${place}); there are ${Object.keys(FUNCTIONS).join(', ')}`,
      );
    const { least, most, apply } = FUNCTIONS[name];
    at++;
    const given = [expression()];
    while (isSign(',')) {
      at++;
      given.push(expression());
    }
    expectSign(')');
    if (given.length < least || given.length > most)
      throw new FormulaError(`'${name}' (position ${place}) takes one value, found ${given.length}`);
    return (values) => apply(...given.map((one) => one(values)));
  };

  const root = expression();
  if (peek().kind !== 'end') throw unexpected(peek(), 'an operator or the end');
  return { names, evaluate: root };
}
