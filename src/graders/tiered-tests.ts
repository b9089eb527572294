/** Grades a program by tests of several tiers of difficulty, each tier on its own. */
import type { Grader, Task } from '../types/index.ts';
import { asScore, graded, isThenable } from './grades.ts';
import { referencesOf } from './references.ts';

/** The tiers of a suite, from what any right idea passes to what only a careful program does. */
export const TIERS = ['basic', 'medium', 'high', 'edge'] as const;
export type Tier = (typeof TIERS)[number];

/** One test: what a program reads, and what it must write. */
export interface TierTest {
  tier: Tier;
  input: string;
  output: string;
}

const TEST = new RegExp(`^\\s*(${TIERS.join('|')})\\s*:(.*?)=>(.*)$`, 's');

/** Reads a test written `tier: input => output`. Throws an Error that shows what is no test. */
export function parseTierTest(text: string): TierTest {
  const [, tier, input, output] = TEST.exec(text) ?? [];
  if (tier === undefined)
    throw new Error(
      `${JSON.stringify(text)} is no test, expected 'tier: input => output' with a tier of ${TIERS.join(', ')}`,
    );
  return { tier: tier as Tier, input: input.trim(), output: output.trim() };
}

export interface TieredTestsOptions<Data> {
  /** Runs a program, in whatever sandbox, and gives what it writes; what it throws or rejects with fails the test. */
  run(program: string, input: string, signal: AbortSignal): string | Promise<string>;
  /** Tests of a task, at least one. Default: its reference answers, each written as `parseTierTest` reads it. */
  tests?(task: Task<Data>): readonly TierTest[];
  /** Takes the program out of the completion; undefined where there is none. Default: the whole of it. */
  extract?(completion: string): string | undefined;
  /** Whether a completion is written as asked. Default: whether a program was found and the completion ended by itself. */
  isFormatted?(completion: string): boolean;
}

/** Equal line by line, space at the ends of lines apart; a line too few or too many differs. */
function sameOutput(a: string, b: string): boolean {
  const lines = (text: string) =>
    text
      .trim()
      .split('\n')
      .map((line) => line.trim())
      .join('\n');
  return lines(a) === lines(b);
}

/**
 * Score: 1 where every test passes, else 0. Parts: for each tier that the task tests, the share of its tests that pass; and
 * `format`. A program that fails, writes something else or is missing does not pass; a task without tests fails to grade.
 * The suites of "TAROT: Test-driven and Capability-adaptive Curriculum Reinforcement Fine-tuning" (2026), arXiv 2602.15449.
 */
export function tieredTests<Data = unknown>(options: TieredTestsOptions<Data>): Grader<Data> {
  const testsOf = options.tests ?? ((task: Task<Data>) => referencesOf(task).map(parseTierTest));
  const extract = options.extract ?? ((completion: string) => completion);
  const passes = (program: string | undefined, { input, output }: TierTest, signal: AbortSignal) => {
    if (program === undefined) return false;
    try {
      const said = options.run(program, input, signal);
      if (!isThenable(said)) return sameOutput(said, output);
      return Promise.resolve(said).then(
        (text) => sameOutput(text, output),
        () => false,
      );
    } catch {
      return false;
    }
  };
  return {
    name: 'tieredTests',
    grade({ task, completion, finishReason }, signal) {
      const tests = testsOf(task);
      if (tests.length === 0) throw new Error(`task ${task.id}: it has no tests, expected at least one`);
      const program = extract(completion);
      const isFormatted = options.isFormatted?.(completion) ?? program !== undefined;
      const format = asScore(isFormatted && finishReason === 'stop');
      const gradeOf = (passed: readonly boolean[]) =>
        graded(asScore(passed.every(Boolean)), { ...sharesOf(tests, passed), format });
      const passed = tests.map((test) => passes(program, test, signal));
      // Graders that need not wait are not made to: a run in this process grades thousands of completions at once.
      return passed.every((one) => typeof one === 'boolean')
        ? gradeOf(passed)
        : Promise.all(passed).then(gradeOf);
    },
  };
}

/** Share of the tests that pass, by tier, of the tiers that are tested. */
function sharesOf(tests: readonly TierTest[], passed: readonly boolean[]): Record<string, number> {
  const shares: Record<string, number> = {};
  for (const tier of TIERS) {
    const of = passed.filter((_, i) => tests[i].tier === tier);
    if (of.length > 0) shares[tier] = of.filter(Boolean).length / of.length;
  }
  return shares;
}
