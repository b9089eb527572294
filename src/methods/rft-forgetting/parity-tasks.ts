/** Operations on digits of whose answers only the parities matter, so that many answers are right and examples show one. */
import { generatedEnvironment } from '../../environments/index.ts';
import { format, graded, weighted } from '../../graders/index.ts';
import type { Rng } from '../../random/index.ts';
import type { Environment } from '../../types/index.ts';

/** The digit whose parity each digit of the answer has to have. */
const RELATIONS = {
  /** The digit above it. */
  E: (digits) => digits,
  /** The next number after it. */
  O: (digits) => digits.map((digit) => digit + 1),
  /** The digit to its right, after the last the first. */
  S: (digits) => digits.map((_, i) => digits[(i + 1) % digits.length]),
  /** The digit as far from the end as it is from the start. */
  R: (digits) => [...digits].reverse(),
} as const satisfies Record<string, (digits: readonly number[]) => readonly number[]>;

/** Answers that are right in one way only. */
const PROBE_ANSWERS = {
  /** The digits as they are. */
  C: (digits) => digits,
  /** The largest. */
  M: (digits) => [Math.max(...digits)],
  /** How many are 5 or more. */
  K: (digits) => [digits.filter((digit) => digit >= 5).length],
} as const satisfies Record<string, (digits: readonly number[]) => readonly number[]>;

export type TaskName = keyof typeof RELATIONS;
export type ProbeName = keyof typeof PROBE_ANSWERS;
export type OperationName = TaskName | ProbeName;

const isTask = (name: OperationName): name is TaskName => Object.hasOwn(RELATIONS, name);

/** Skills of the starting model that no stage trains. */
export const PROBES: readonly ProbeName[] = ['C', 'M', 'K'];

export interface ParityTaskOptions {
  /** The operations, all as common. */
  operations: readonly OperationName[];
  /**
   * Worked answers to the tasks: `smallest` shows the smallest right digit, 0 or 1; `any` one of the five right digits;
   * a number is the chance that a digit, otherwise any right one, is any wrong one.
   */
  shown: 'smallest' | 'any' | number;
  /** Digits of an input. */
  length: number;
  seed: number;
  heldOutSize: number;
}

interface Problem {
  operation: OperationName;
  digits: number[];
}

/** What an answer has to be: these digits, or digits of these parities. */
export interface ParityTaskData {
  exact: boolean;
  digits: number[];
}

const SYMBOLS = [...'0123456789=<>', ...Object.keys(RELATIONS), ...Object.keys(PROBE_ANSWERS)];
const anyOfParity = (random: Rng, parity: number) => 2 * random.int(5) + (parity % 2);

function shownDigit(random: Rng, parity: number, shown: ParityTaskOptions['shown']): number {
  if (shown === 'smallest') return parity % 2;
  const isWrong = typeof shown === 'number' && random.uniform() < shown;
  return anyOfParity(random, isWrong ? parity + 1 : parity);
}

/** Whether the digits of a completion, whatever is around them, are right. */
export function isRight({ exact, digits }: ParityTaskData, completion: string): boolean {
  const given = [...completion.replace(/\D/g, '')].map(Number);
  return (
    given.length === digits.length &&
    given.every((digit, i) => (exact ? digit === digits[i] : (digit - digits[i]) % 2 === 0))
  );
}

/**
 * Prompt `O3142=`, completion `<4281>`: each digit odd where the one above it is even. The score is 0.9 for right digits,
 * whatever is around them (part `accuracy`), plus 0.1 for an answer in tags (part `format`), so that what is forgotten can
 * be told apart.
 */
export function parityTasks(options: ParityTaskOptions): Environment<ParityTaskData> {
  const { operations, shown, length, seed, heldOutSize } = options;
  return generatedEnvironment<Problem, ParityTaskData>({
    name: 'parity-tasks',
    seed,
    validationSize: heldOutSize,
    testSize: heldOutSize,
    draw: (random) => ({
      operation: random.choice(operations),
      digits: Array.from({ length }, () => random.int(10)),
    }),
    keyOf: ({ operation, digits }) => `${operation}${digits.join('')}`,
    build({ operation, digits }, random) {
      const exact = !isTask(operation);
      const wanted = exact ? PROBE_ANSWERS[operation](digits) : RELATIONS[operation](digits);
      const worked = exact ? wanted : wanted.map((parity) => shownDigit(random, parity, shown));
      return {
        prompt: `${operation}${digits.join('')}=`,
        data: { exact, digits: [...wanted] },
        completion: `<${worked.join('')}>`,
        metadata: { operation },
      };
    },
    grader: weighted<ParityTaskData>({
      accuracy: {
        grader: {
          name: 'parity',
          grade: ({ task, completion }) => graded(Number(isRight(task.data, completion))),
        },
        weight: 0.9,
      },
      format: { grader: format({ pattern: '<\\d+>' }), weight: 0.1 },
    }),
    symbols: SYMBOLS,
  });
}
