/** The `pair-search` environment: find two of four numbers and an operation that give a target, one attempt an episode. */
import { z } from 'zod';
import type { Rng } from '../random/index.ts';
import type { Environment, Grade } from '../types/index.ts';
import { generatedEnvironment } from './generated.ts';
import { generatorOptions, parseOptions, rangeSchema } from './options.ts';

const chance = z.number().min(0).max(1);

const operation = z.enum(['+', '*', '-']);
type Operation = z.output<typeof operation>;

export const pairSearchOptions = z.strictObject({
  /** How many numbers a problem has, at least and at most. */
  numbers: rangeSchema(3, 6).default([4, 4]),
  /** Operations of the candidates. */
  operations: z.array(operation).min(1).default(['+', '*', '-']),
  /** Close an attempt whose written value is the target by `!` instead of `;`. */
  markHits: z.boolean().default(false),
  /** Symbols that join a number and the sign after it, so that an attempt is four tokens, not six. */
  joined: z.boolean().default(false),
  /** Most attempts of a worked completion. */
  attempts: z.number().int().min(1).max(50).default(10),
  /** Chance that an attempt repeats an earlier one. */
  repeat: chance.default(0.25),
  /** Chance of stopping after each attempt once the target was hit. */
  stopAfterHit: chance.default(0.4),
  /** Most attempts after a hit. */
  moreAfterHit: z.number().int().min(0).default(3),
  /** Chance of giving up after each attempt without a hit. */
  giveUp: chance.default(0.08),
  /** Chance that the value of an attempt is written wrongly. */
  wrongValue: chance.default(0.03),
  ...generatorOptions,
});
export type PairSearchOptions = z.input<typeof pairSearchOptions>;
type Settings = z.output<typeof pairSearchOptions>;

export interface PairSearchData {
  numbers: number[];
  target: number;
}

/** Two of the numbers and what is done with them. */
interface Candidate {
  text: string;
  value: number;
}

/** Most candidates that may reach the target. */
const MOST_HITS = 2;
/** Largest number that an operation may give, or a little more. */
const LARGEST: Readonly<Record<Operation, number>> = { '+': 17, '*': 81, '-': 9 };

function candidateOf(a: number, operation: Operation, b: number): Candidate {
  const [x, y] = operation === '-' && a < b ? [b, a] : [a, b];
  const value = { '+': x + y, '*': x * y, '-': x - y }[operation];
  return { text: `${x}${operation}${y}`, value };
}

/** Unordered pairs with every operation; of a difference the larger minus the smaller. */
function candidatesOf(numbers: readonly number[], operations: readonly Operation[]): Candidate[] {
  return numbers.flatMap((a, i) =>
    numbers.slice(i + 1).flatMap((b) => operations.map((operation) => candidateOf(a, operation, b))),
  );
}

/**
 * Prompt `3,8,5,9=24:`, distinct numbers of 1..9 and a target that one or two of the candidates reach (18 candidates with
 * four numbers and three operations). Completion: attempts `3*5=15;`, then `|` and the answer: `3+5=8;3*8=24;|3*8`. With one
 * token a number, an attempt is six tokens. With `markHits` an attempt that was written to reach the target is closed by
 * `!`, and with `joined` an attempt is four tokens: both are easier to learn.
 *
 * Worked completions search badly on purpose: candidates come in random order, attempts are repeated, the search goes on
 * after a hit and is given up without one, and some values are wrong, each as often as the options say. The answer is the
 * attempt that was written to reach the target, else a candidate not tried yet. A model trained on them has tokens to save
 * and accuracy to gain. Task of Burnish's reproduction of MRT (arXiv 2503.07572).
 *
 * Score: 1 where the text after the first `|` uses two different given numbers and equals the target, else 0.
 * Throws an Error that names the option where one is wrong.
 */
export function pairSearch(options: PairSearchOptions = {}): Environment<PairSearchData> {
  const settings = parseOptions('pair-search', pairSearchOptions, options);
  return generatedEnvironment<PairSearchData, PairSearchData>({
    name: 'pair-search',
    seed: settings.seed,
    validationSize: settings.validationSize,
    testSize: settings.testSize,
    draw(random) {
      const [least, most] = settings.numbers;
      for (;;) {
        const count = least + (least < most ? random.int(most + 1 - least) : 0);
        const numbers = random.shuffle([1, 2, 3, 4, 5, 6, 7, 8, 9]).slice(0, count);
        const candidates = candidatesOf(numbers, settings.operations);
        const target = random.choice(candidates).value;
        if (candidates.filter(({ value }) => value === target).length <= MOST_HITS)
          return { numbers, target };
      }
    },
    keyOf: ({ numbers, target }) => `${[...numbers].sort((a, b) => a - b).join(',')}=${target}`,
    build(problem, random) {
      const { attempts, answer } = demonstration(problem, settings, random);
      return {
        prompt: `${problem.numbers.join(',')}=${problem.target}:`,
        data: { numbers: [...problem.numbers], target: problem.target },
        completion: `${attempts.join('')}|${answer}`,
        metadata: { target: problem.target, attempts: attempts.length },
      };
    },
    grader: {
      name: 'pair-search',
      grade: ({ task, completion }) => grade(completion, task.data),
    },
    symbols: symbolsOf(settings),
  });
}

const largestOf = (operations: readonly Operation[]) => Math.max(...operations.map((one) => LARGEST[one]));

function symbolsOf({ operations, markHits, joined }: Settings): string[] {
  const numbers = (from: number, to: number) => Array.from({ length: to + 1 - from }, (_, i) => from + i);
  const signs = [...operations, '=', ','];
  return [
    ...numbers(0, largestOf(operations)).map(String),
    ...(joined ? numbers(1, 9).flatMap((n) => signs.map((sign) => `${n}${sign}`)) : signs),
    ...':;|',
    ...(markHits ? ['!'] : []),
  ];
}

/** Attempts with the values written for them and their closing marks, and the answer. */
function demonstration(
  { numbers, target }: PairSearchData,
  settings: Settings,
  random: Rng,
): { attempts: string[]; answer: string } {
  const untried = random.shuffle(candidatesOf(numbers, settings.operations));
  const values = largestOf(settings.operations) + 1;
  const tried: Candidate[] = [];
  const attempts: string[] = [];
  let hit: string | undefined;
  let after = 0;
  while (attempts.length < settings.attempts && untried.length > 0) {
    const again = tried.length > 0 && random.uniform() < settings.repeat;
    const one = again ? random.choice(tried) : (untried.shift() as Candidate);
    if (!again) tried.push(one);
    const shift = random.uniform() < settings.wrongValue ? 1 + random.int(values - 1) : 0;
    const written = (one.value + shift) % values;
    attempts.push(`${one.text}=${written}${settings.markHits && written === target ? '!' : ';'}`);
    if (hit !== undefined) after++;
    else if (written === target) hit = one.text;
    const stop = hit === undefined ? settings.giveUp : settings.stopAfterHit;
    if ((hit !== undefined && after >= settings.moreAfterHit) || random.uniform() < stop) break;
  }
  return { attempts, answer: hit ?? (untried[0] ?? tried[0]).text };
}

const ANSWER = /^(\d{1,2})([-+*])(\d{1,2})$/;

function grade(completion: string, { numbers, target }: PairSearchData): Grade {
  const bar = completion.indexOf('|');
  const match = bar < 0 ? null : ANSWER.exec(completion.slice(bar + 1));
  const [a, b] = match === null ? [Number.NaN, Number.NaN] : [Number(match[1]), Number(match[3])];
  const valid = a !== b && numbers.includes(a) && numbers.includes(b);
  const value = match === null ? Number.NaN : { '+': a + b, '*': a * b, '-': a - b }[match[2] as Operation];
  return { status: 'graded', score: Number(valid && value === target), parts: { valid: Number(valid) } };
}

/** How a search spent its attempts. */
export interface SearchHabits {
  attempts: number;
  /** Attempts at a pair and operation that were tried before, in either order of the numbers. */
  repeated: number;
  /** Attempts after the first that truly reaches the target. */
  afterHit: number;
}

/** Habits of a pair-search completion. An attempt that cannot be read counts, and is neither repeated nor a hit. */
export function searchHabits(completion: string, target: number): SearchHabits {
  const thinking = completion.split('|')[0];
  const attempts = thinking.split(/[;!]/).filter((text) => text !== '');
  const seen = new Set<string>();
  let repeated = 0;
  let afterHit = 0;
  let hit = false;
  for (const attempt of attempts) {
    if (hit) afterHit++;
    const match = ANSWER.exec(attempt.split('=')[0]);
    if (match === null) continue;
    const { text, value } = candidateOf(Number(match[1]), match[2] as Operation, Number(match[3]));
    const key = [...text.split(match[2])].sort().join(match[2]);
    if (seen.has(key)) repeated++;
    seen.add(key);
    if (value === target) hit = true;
  }
  return { attempts: attempts.length, repeated, afterHit };
}
