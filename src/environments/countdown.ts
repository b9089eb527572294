/** The `countdown` environment: reach a target with the given numbers, searching out loud. */
import { z } from 'zod';
import { afterMarker, expression, formatExpression, type Operator } from '../graders/index.ts';
import type { Rng } from '../random/index.ts';
import type { Environment } from '../types/index.ts';
import { randomTry, type Try } from './countdown-search.ts';
import { generatedEnvironment } from './generated.ts';
import { generatorOptions, parseOptions, rangeSchema } from './options.ts';

export const countdownOptions = z.strictObject({
  /** Fewest and most numbers given. */
  numbers: rangeSchema(2, 6).default([3, 3]),
  /** Given numbers are drawn from 1 to this, with repetition. */
  maxNumber: z.number().int().min(2).max(100).default(25),
  /** Targets are from 1 to this. */
  maxTarget: z.number().int().min(1).max(999).default(99),
  operations: z
    .array(z.enum(['+', '-', '*', '/']))
    .min(1)
    .default(['+', '-', '*']),
  /** Whether an answer must use each number exactly once, or may leave some out. */
  use: z.enum(['exactly', 'atMost']).default('exactly'),
  /** Share of worked completions whose answer is right; the others give up after a try that misses. */
  demonstrationAccuracy: z.number().min(0).max(1).default(0.5),
  /** Fewest and most tries that miss, before the right one in a right demonstration. */
  demonstrationDetours: rangeSchema(0, 10).default([0, 2]),
  /** Characters of prompt and worked completion together; detours are left out to keep to it. */
  maxLength: z.number().int().min(1).default(64),
  ...generatorOptions,
});
export type CountdownOptions = z.input<typeof countdownOptions>;

export interface CountdownData {
  numbers: number[];
  target: number;
}

interface Problem extends CountdownData {
  /** The try that the target was taken from. */
  solution: Try;
}

const MARKER = '#';
const SYMBOLS = [...'0123456789+-*/()=,;:', MARKER];
const MAX_DRAWS = 1_000;
const REDRAWS = 50;
/** Draws for the misses of one demonstration; problems with hardly any other try get fewer misses. */
const MISS_DRAWS = 200;

/**
 * Prompt `3,8,5=19:`, numbers and target. Completion: tries, each with its value after every step (see `randomTry`),
 * parted by `;`, then `#` and the answer as one expression: `5+3=8*8=64;8*3=24-5=19#8*3-5`.
 *
 * Targets are reached by a random combination of all the numbers, its operators drawn alike, so every problem can be
 * solved. Two prompts with the
 * same numbers in another order are one task.
 *
 * Worked completions are drawn, not optimal. With probability `demonstrationAccuracy` a demonstration is right: it makes
 * a number of tries that miss, uniform in `demonstrationDetours`, then the right one, and answers with it. Otherwise it
 * gives up: it makes as many tries that miss, at least one, and answers with the last. A model trained on them therefore
 * succeeds less often than it could, by giving up too soon and by tries at random: reinforcement has both to improve.
 *
 * Score: 1 where the text after the last `#` is an expression that equals the target in exact arithmetic and uses the
 * numbers as `use` says; else 0. Parts: those of the expression grader.
 *
 * Throws an Error that names the option where one is wrong.
 */
export function countdown(options: CountdownOptions = {}): Environment<CountdownData> {
  const settings = parseOptions('countdown', countdownOptions, options);
  const { operations, maxTarget, maxNumber } = settings;
  const [fewest, most] = settings.numbers;

  const draw = (random: Rng): Problem => {
    for (let draws = 0; draws < MAX_DRAWS; draws++) {
      const count = fewest + random.int(most - fewest + 1);
      const operators = drawOperators(count, operations, random);
      // Other numbers for the same operators: products, which often exceed the target, stay as frequent as sums.
      for (let redraws = 0; redraws < REDRAWS; redraws++) {
        const numbers = Array.from({ length: count }, () => 1 + random.int(maxNumber));
        const solution = randomTry(numbers, operators, random);
        if (solution !== undefined && solution.result <= maxTarget)
          return { numbers, target: solution.result, solution };
      }
    }
    throw new Error(`environment countdown: no problem found with these settings in ${MAX_DRAWS} draws`);
  };

  return generatedEnvironment<Problem, CountdownData>({
    name: 'countdown',
    seed: settings.seed,
    validationSize: settings.validationSize,
    testSize: settings.testSize,
    draw,
    keyOf: ({ numbers, target }) => `${[...numbers].sort((a, b) => a - b).join(',')}=${target}`,
    build(problem, random) {
      const prompt = `${problem.numbers.join(',')}=${problem.target}:`;
      const tries = demonstration(problem, settings, random);
      const render = () => {
        const answer = formatExpression(tries[tries.length - 1].expression);
        return `${tries.map((attempt) => attempt.text).join(';')}${MARKER}${answer}`;
      };
      while (tries.length > 1 && prompt.length + render().length > settings.maxLength) tries.shift();
      return {
        prompt,
        data: { numbers: [...problem.numbers], target: problem.target },
        completion: render(),
        metadata: {
          numbers: problem.numbers.length,
          target: problem.target,
          tries: tries.length,
          demonstrationIsRight: tries[tries.length - 1].result === problem.target,
        },
      };
    },
    grader: {
      ...expression<CountdownData>({ use: settings.use, operations, extract: afterMarker(MARKER) }),
      name: 'countdown',
    },
    symbols: SYMBOLS,
  });
}

/** The operators of a try, drawn alike. */
function drawOperators(count: number, operations: readonly Operator[], random: Rng): Operator[] {
  return Array.from({ length: count - 1 }, () => random.choice(operations));
}

/** The tries of a demonstration, the one it answers with last. */
function demonstration(
  { numbers, target, solution }: Problem,
  {
    demonstrationAccuracy,
    demonstrationDetours: [fewest, most],
    operations,
  }: z.output<typeof countdownOptions>,
  random: Rng,
): Try[] {
  const right = random.uniform() < demonstrationAccuracy;
  const detours = fewest + random.int(most - fewest + 1);
  const misses: Try[] = [];
  const wanted = right ? detours : Math.max(1, detours);
  for (let draws = 0; misses.length < wanted && draws < MISS_DRAWS; draws++) {
    const attempt = randomTry(numbers, drawOperators(numbers.length, operations, random), random);
    const isNew = attempt !== undefined && misses.every((miss) => miss.text !== attempt.text);
    if (isNew && attempt.result !== target) misses.push(attempt);
  }
  return right || misses.length === 0 ? [...misses, solution] : misses;
}
