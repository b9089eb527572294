/** Operations on digits, some with one right answer and some with many, of which examples may show one style. */
import { generatedEnvironment } from '../../environments/index.ts';
import { format, graded, weighted } from '../../graders/index.ts';
import type { Rng } from '../../random/index.ts';
import type { Environment } from '../../types/index.ts';

interface Operation {
  /** Digits of an answer that is right. */
  answer(digits: readonly number[]): readonly number[];
  /** Digits of an answer count modulo this: 10 leaves one right answer, 5 leaves two for each digit. */
  modulo: 5 | 10;
}

const OPERATIONS = {
  /** Last digit first. */
  R: { answer: (digits) => [...digits].reverse(), modulo: 10 },
  /** Digit by digit, or five beside it. */
  E: { answer: (digits) => digits, modulo: 5 },
  /** The first two digits moved to the end. */
  L: { answer: (digits) => [...digits.slice(2), ...digits.slice(0, 2)], modulo: 10 },
  /** The digit to the right, or five beside it; after the last the first. */
  S: { answer: (digits) => [...digits.slice(1), digits[0]], modulo: 5 },
  /** As they are. */
  C: { answer: (digits) => digits, modulo: 10 },
  /** The largest. */
  M: { answer: (digits) => [Math.max(...digits)], modulo: 10 },
  /** How many are 5 or more. */
  K: { answer: (digits) => [digits.filter((digit) => digit >= 5).length], modulo: 10 },
} as const satisfies Record<string, Operation>;

export type OperationName = keyof typeof OPERATIONS;

/** How worked answers are written. */
export interface Style {
  /** Where two digits are right: the smaller one, or either. */
  digit: 'smaller' | 'either';
  /** Operations whose answers have errors: with this chance a digit is any digit at all. */
  noisy?: readonly OperationName[];
  noise?: number;
}

export interface DigitTaskOptions {
  /** All as common. */
  operations: readonly OperationName[];
  style: Style;
  /** Digits of an input. */
  length: number;
  seed: number;
  heldOutSize: number;
}

interface Problem {
  operation: OperationName;
  digits: number[];
}

/** What the digits of an answer have to equal, modulo what. */
export interface DigitTaskData {
  digits: number[];
  modulo: 5 | 10;
}

const SYMBOLS = [...'0123456789=<>', ...Object.keys(OPERATIONS)];

function shownDigit(random: Rng, digit: number, modulo: number, style: Style, isNoisy: boolean): number {
  if (isNoisy && random.uniform() < (style.noise ?? 0)) return random.int(10);
  if (modulo === 10) return digit;
  return (digit % 5) + (style.digit === 'either' ? 5 * random.int(2) : 0);
}

/** Whether the digits of a completion, whatever is around them, are right. */
export function isRight({ digits, modulo }: DigitTaskData, completion: string): boolean {
  const given = [...completion.replace(/\D/g, '')].map(Number);
  return given.length === digits.length && given.every((digit, i) => (digit - digits[i]) % modulo === 0);
}

/**
 * Prompt `R3142=`, completion `<2413>`. The score is 0.9 for right digits, whatever is around them (part `accuracy`), plus 0.1
 * for an answer in tags (part `format`), so that what is forgotten can be told apart.
 */
export function digitTasks(options: DigitTaskOptions): Environment<DigitTaskData> {
  const { operations, style, length, seed, heldOutSize } = options;
  return generatedEnvironment<Problem, DigitTaskData>({
    name: 'digit-tasks',
    seed,
    validationSize: heldOutSize,
    testSize: heldOutSize,
    draw: (random) => ({
      operation: random.choice(operations),
      digits: Array.from({ length }, () => random.int(10)),
    }),
    keyOf: ({ operation, digits }) => `${operation}${digits.join('')}`,
    build({ operation, digits }, random) {
      const { answer, modulo } = OPERATIONS[operation];
      const right = [...answer(digits)];
      const isNoisy = style.noisy?.includes(operation) ?? false;
      const worked = right.map((digit) => shownDigit(random, digit, modulo, style, isNoisy));
      return {
        prompt: `${operation}${digits.join('')}=`,
        data: { digits: right, modulo },
        completion: `<${worked.join('')}>`,
        metadata: { operation },
      };
    },
    grader: weighted<DigitTaskData>({
      accuracy: {
        grader: {
          name: 'digits',
          grade: ({ task, completion }) => graded(Number(isRight(task.data, completion))),
        },
        weight: 0.9,
      },
      format: { grader: format({ pattern: '<\\d+>' }), weight: 0.1 },
    }),
    symbols: SYMBOLS,
  });
}
