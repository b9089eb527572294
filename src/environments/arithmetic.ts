/** The `arithmetic` environment: addition and subtraction with a chain of thought that carries digit by digit. */
import { z } from 'zod';
import { afterMarker, graded, numeric, wholeCompletion } from '../graders/index.ts';
import type { Rng } from '../random/index.ts';
import type { Environment, Grader } from '../types/index.ts';
import { type ColumnOperation, columnSteps } from './column-arithmetic.ts';
import { generatedEnvironment } from './generated.ts';
import { generatorOptions, parseOptions, rangeSchema } from './options.ts';

export const arithmeticOptions = z.strictObject({
  /** Least and most digits of each operand. */
  digits: rangeSchema(1, 30).default([1, 3]),
  operations: z
    .array(z.enum(['+', '-']))
    .min(1)
    .default(['+', '-']),
  /** Whether worked completions show the columns before the answer. */
  chainOfThought: z.boolean().default(true),
  ...generatorOptions,
});
export type ArithmeticOptions = z.input<typeof arithmeticOptions>;

export interface ArithmeticData {
  left: string;
  operation: ColumnOperation;
  right: string;
  /** The result, in decimal digits. */
  answer: string;
}

interface Problem {
  left: bigint;
  operation: ColumnOperation;
  right: bigint;
}

const MARKER = '#';
const SYMBOLS = [...'0123456789+-=,', MARKER];
const STEP = String.raw`\d{1,2}[+-]\d(?:[+-]1)?=\d{1,2}`;
const WORKED = new RegExp(`^${STEP}(?:,${STEP})*${MARKER}\\d+$`);
const BARE = /^\d+$/;

function drawNumber(random: Rng, [least, most]: readonly [number, number]): bigint {
  const digits = least + random.int(most - least + 1);
  let text = String(digits === 1 ? random.int(10) : 1 + random.int(9));
  while (text.length < digits) text += random.int(10);
  return BigInt(text);
}

/**
 * Prompt `47+85=`; worked completion `7+5=12,4+8+1=13#132`: the columns from the right (see `columnSteps`), then the
 * answer after `#`. Without `chainOfThought` the completion is the answer alone. Differences are never negative.
 * A sum and the same sum the other way round are one task.
 *
 * Score: 1 where the final answer is right, else 0. Parts: `format`, 1 where the completion is written in the form
 * above; `worked`, 1 where it is the worked completion to the letter.
 *
 * Throws an Error that names the option where one is wrong.
 */
export function arithmetic(options: ArithmeticOptions = {}): Environment<ArithmeticData> {
  const settings = parseOptions('arithmetic', arithmeticOptions, options);
  const { chainOfThought } = settings;
  return generatedEnvironment<Problem, ArithmeticData>({
    name: 'arithmetic',
    seed: settings.seed,
    validationSize: settings.validationSize,
    testSize: settings.testSize,
    draw(random) {
      const operation = random.choice(settings.operations);
      const left = drawNumber(random, settings.digits);
      const right = drawNumber(random, settings.digits);
      return operation === '-' && left < right
        ? { left: right, operation, right: left }
        : { left, operation, right };
    },
    keyOf({ left, operation, right }) {
      return operation === '+' && left < right ? `${right}+${left}` : `${left}${operation}${right}`;
    },
    build({ left, operation, right }) {
      const answer = String(operation === '+' ? left + right : left - right);
      return {
        prompt: `${left}${operation}${right}=`,
        data: { left: String(left), operation, right: String(right), answer },
        completion: chainOfThought ? `${columnSteps(left, operation, right)}${MARKER}${answer}` : answer,
        metadata: { operation, digits: Math.max(String(left).length, String(right).length) },
      };
    },
    grader: arithmeticGrader(chainOfThought),
    symbols: SYMBOLS,
  });
}

function arithmeticGrader(chainOfThought: boolean): Grader<ArithmeticData> {
  const form = chainOfThought ? WORKED : BARE;
  const answer = numeric<ArithmeticData>({ extract: chainOfThought ? afterMarker(MARKER) : wholeCompletion });
  return {
    name: 'arithmetic',
    async grade(input, signal) {
      const grade = await answer.grade(input, signal);
      if (grade.status === 'failed') return grade;
      return graded(grade.score, {
        format: form.test(input.completion) ? 1 : 0,
        worked: input.completion === input.task.completion ? 1 : 0,
      });
    },
  };
}
