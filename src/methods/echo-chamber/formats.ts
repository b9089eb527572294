/** Three ways of writing the answer to a chain of operations: as a program, as a tagged expression, and worked out. */
import { type AnswerFormat, afterMarker, byFormat, evaluate, parseExpression } from '../../graders/index.ts';
import type { Grader } from '../../types/index.ts';

/** Operations modulo 10 from the left: `3+4*2` is (3 + 4) · 2. */
export interface Chain {
  first: number;
  steps: readonly { operator: '+' | '-' | '*'; value: number }[];
}

export interface ChainData {
  /** A digit. */
  answer: string;
}

export type FormatName = 'program' | 'tagged' | 'worked';

export const FORMAT_NAMES: readonly FormatName[] = ['program', 'tagged', 'worked'];

type Step = Chain['steps'][number];

const modulo = (value: number) => ((value % 10) + 10) % 10;

/** One operation modulo 10. */
function apply(left: number, { operator, value }: Step): number {
  if (operator === '+') return modulo(left + value);
  return modulo(operator === '-' ? left - value : left * value);
}

export const resultOf = ({ first, steps }: Chain): number => steps.reduce(apply, first);

export const writeChain = ({ first, steps }: Chain): string =>
  `${first}${steps.map(({ operator, value }) => operator + value).join('')}`;

/** Both of the other formats leave the arithmetic to whoever runs them; here the model does it. */
function writeWorked({ first, steps }: Chain): string {
  let value = first;
  const lines = steps.map((step) => {
    const line = `${value}${step.operator}${step.value}=`;
    value = apply(value, step);
    return line + value;
  });
  return lines.join(';');
}

/**
 * The answer written in a format: `a=3;a+4;a*2` (program), `<((3+4)*2)>` (tagged), `3+4=7;7*2=4` (worked). With two
 * operations all three are eleven characters.
 */
export function writeAnswer(chain: Chain, format: FormatName): string {
  const { first, steps } = chain;
  if (format === 'worked') return writeWorked(chain);
  if (format === 'program')
    return `a=${first}${steps.map(({ operator, value }) => `;a${operator}${value}`).join('')}`;
  const nested = steps.reduce((inner, { operator, value }) => `(${inner}${operator}${value})`, String(first));
  return `<${nested}>`;
}

/** Runs a program line by line; undefined where it is none. */
function runProgram(text: string): string | undefined {
  if (!/^a=\d(;a[-+*]\d)*$/.test(text)) return undefined;
  const [first, ...lines] = text.split(';');
  const steps = lines.map(([, operator, value]) => ({ operator, value: Number(value) }) as Step);
  return String(resultOf({ first: Number(first[2]), steps }));
}

/** Evaluates what is between the tags; undefined where that is no expression. */
function runTagged(text: string): string | undefined {
  const inner = /^<(.*)>$/.exec(text)?.[1];
  if (inner === undefined) return undefined;
  try {
    return String(modulo(Number(evaluate(parseExpression(inner)).numerator)));
  } catch {
    return undefined;
  }
}

const lastResult = afterMarker('=');

/** In the order in which they are looked for; each starts in its own way. */
export const FORMATS: readonly AnswerFormat[] = [
  { name: 'tagged', matches: (text) => text.startsWith('<'), answer: runTagged },
  { name: 'program', matches: (text) => text.startsWith('a'), answer: runProgram },
  { name: 'worked', matches: (text) => /^\d/.test(text), answer: lastResult },
];

/** What reads answers: programs and tags are run; what cannot be run is read like text, once. */
export const READING = { formats: FORMATS, fallback: lastResult };

/** 1 where the answer is right in whatever format. */
export const chainGrader: Grader<ChainData> = byFormat<ChainData>(READING);
