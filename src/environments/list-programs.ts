/** The `list-programs` environment: write a program of a small list language that meets named requirements, tested in four tiers. */
import { z } from 'zod';
import {
  isListProgram,
  listProgramOutput,
  listWords,
  TIERS,
  type Tier,
  type TierTest,
  tieredTests,
} from '../graders/index.ts';
import { type Rng, rng } from '../random/index.ts';
import type { Environment } from '../types/index.ts';
import { generatedEnvironment } from './generated.ts';
import { generatorOptions, parseOptions } from './options.ts';

const chance = z.number().min(0).max(1);

export const listProgramsOptions = z.strictObject({
  /** Most words of the core, one at least. */
  mostCore: z.int().min(1).max(5).default(3),
  /** Chance that a worked completion forgets each of its words for signs, repetitions and empty lists. */
  forget: chance.default(0),
  /** Chance that a word of a worked completion is replaced by any word. */
  noise: chance.default(0),
  ...generatorOptions,
});
export type ListProgramsOptions = z.input<typeof listProgramsOptions>;

export interface ListProgramsData {
  tests: TierTest[];
  /** A program that passes all of them. */
  program: string;
}

/** What a program has to do; words in the order in which they are applied. */
interface Problem {
  sign?: string;
  dedup?: string;
  core: string[];
  reducer: string;
  guard?: string;
}

const CORE = ['dbl', 'inc', 'rev', 'sortA', 'sortD'];
const REDUCERS = ['sum', 'max', 'min', 'head'];
const END = ': ';
/** One token a word, its space included. */
const SYMBOLS = [...listWords.map((word) => `${word} `), END];

/** Draws of a test that must tell a program from one without a word. */
const TRIES = 50;

const wordsOf = ({ sign, dedup, core, reducer, guard }: Problem): string[] =>
  [sign, dedup, ...core, reducer, guard].filter((word) => word !== undefined);

const programOf = (problem: Problem) => wordsOf(problem).join(' ');

const values = (random: Rng, n: number, least: number) =>
  Array.from({ length: n }, () => least + random.int(10 - least));

/** Makes a list with some value twice. */
function withRepetition(random: Rng, list: number[]): number[] {
  const at = random.int(list.length);
  return list.map((x, i) => (i === at ? list[(at + 1) % list.length] : x));
}

/** An input of a tier: what makes the tier harder than the one before is in it. */
function inputOf(random: Rng, tier: Tier, guarded: boolean): number[] {
  if (tier === 'basic') return random.shuffle([1, 2, 3, 4, 5, 6, 7, 8, 9]).slice(0, 3);
  if (tier === 'medium') return withRepetition(random, values(random, 5, 1));
  if (tier === 'high') return withRepetition(random, values(random, 10, -9));
  if (guarded) return [];
  const [one] = values(random, 1, 1);
  return Array.from({ length: 1 + random.int(3) }, () => one);
}

/** The word that a tier is about, where the program has it. */
const featureOf = (tier: Tier): 'dedup' | 'sign' | 'guard' | undefined =>
  (({ basic: undefined, medium: 'dedup', high: 'sign', edge: 'guard' }) as const)[tier];

function outputOf(program: string, input: string): string | undefined {
  try {
    return listProgramOutput(program, input);
  } catch {
    return undefined;
  }
}

/** A test of a tier that fails without the tier's word; undefined where none was found. */
function drawTest(random: Rng, problem: Problem, tier: Tier): TierTest | undefined {
  const feature = featureOf(tier);
  const decides = feature !== undefined && problem[feature] !== undefined;
  const program = programOf(problem);
  const without = decides ? programOf({ ...problem, [feature]: undefined }) : undefined;
  for (let tries = 0; tries < TRIES; tries++) {
    const input = inputOf(random, tier, problem.guard !== undefined).join(' ');
    const output = outputOf(program, input);
    if (output === undefined) continue;
    if (without === undefined || outputOf(without, input) !== output) return { tier, input, output };
  }
  return undefined;
}

/** One test a tier; undefined where a tier's word decides nothing, as `dedup` before `max`. */
function drawTests(random: Rng, problem: Problem): TierTest[] | undefined {
  const tests: TierTest[] = [];
  for (const tier of TIERS) {
    const test = drawTest(random, problem, tier);
    if (test === undefined) return undefined;
    tests.push(test);
  }
  return tests;
}

function drawRequirements(random: Rng, mostCore: number): Problem {
  const chosen = new Set(random.shuffle(CORE).slice(0, 1 + random.int(mostCore)));
  return {
    sign: random.uniform() < 0.5 ? random.choice(['abs', 'relu']) : undefined,
    dedup: random.uniform() < 0.5 ? 'dedup' : undefined,
    core: CORE.filter((word) => chosen.has(word)),
    reducer: random.choice(REDUCERS),
    guard: random.uniform() < 0.6 ? random.choice(['or0', 'or1']) : undefined,
  };
}

/** Whether every word decides something, by programs; found out once each. */
const testable = new Map<string, boolean>();

function isTestable(problem: Problem): boolean {
  const program = programOf(problem);
  const known = testable.get(program) ?? drawTests(rng(0, 'list-programs', program), problem) !== undefined;
  testable.set(program, known);
  return known;
}

function drawProblem(random: Rng, mostCore: number): Problem {
  for (;;) {
    const problem = drawRequirements(random, mostCore);
    if (isTestable(problem)) return problem;
  }
}

/** Tests of a problem that has some: one that did not find them is asked again. */
function testsOf(random: Rng, problem: Problem): TierTest[] {
  for (;;) {
    const tests = drawTests(random, problem);
    if (tests !== undefined) return tests;
  }
}

/**
 * Prompt `or0 dbl dedup sum : `, the words that are needed in any order; worked completion `dedup dbl sum or0 `, in the
 * order that the tests need: signs, repetitions, core, reduction, empty lists (see `runListProgram`). There is one test a tier:
 *
 * - `basic`: three distinct positive numbers, which the core and the reduction pass;
 * - `medium`: five positive numbers, some twice, which fail without `dedup` where it is needed;
 * - `high`: ten numbers of both signs, some twice, which fail without `abs` or `relu` where it is needed;
 * - `edge`: an empty list where a guard is needed, which fails without it; else equal numbers.
 *
 * With `forget` and `noise`, worked completions are less than right: what a model of some capability imitates. Tasks with the
 * same words are one task. Score and parts: see `tieredTests`; `format` is 1 for a program that ends by itself.
 *
 * Throws an Error that names the option where one is wrong.
 */
export function listPrograms(options: ListProgramsOptions = {}): Environment<ListProgramsData> {
  const { mostCore, forget, noise, ...sizes } = parseOptions('list-programs', listProgramsOptions, options);
  return generatedEnvironment<Problem, ListProgramsData>({
    name: 'list-programs',
    ...sizes,
    draw: (random) => drawProblem(random, mostCore),
    keyOf: (problem) => wordsOf(problem).sort().join(' '),
    build(problem, random) {
      const keep = (word: string | undefined) => (random.uniform() < forget ? undefined : word);
      const { sign, dedup, guard } = problem;
      const shown = { ...problem, sign: keep(sign), dedup: keep(dedup), guard: keep(guard) };
      const words = wordsOf(problem);
      return {
        prompt: `${random.shuffle(words).join(' ')} ${END}`,
        data: { tests: testsOf(random, problem), program: words.join(' ') },
        completion: wordsOf(shown)
          .map((word) => `${random.uniform() < noise ? random.choice(listWords) : word} `)
          .join(''),
        metadata: { words: words.length },
      };
    },
    grader: tieredTests<ListProgramsData>({
      run: listProgramOutput,
      tests: ({ data }) => data.tests,
      isFormatted: isListProgram,
    }),
    symbols: SYMBOLS,
  });
}
