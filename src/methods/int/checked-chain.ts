/** Chains of additions with misconceptions, and items that ask where a worked chain goes wrong, given a right one. */
import { generatedEnvironment, misconceptionsOf } from '../../environments/index.ts';
import { afterMarker, exactMatch } from '../../graders/index.ts';
import type { Rng } from '../../random/index.ts';
import type { Environment } from '../../types/index.ts';

export interface CheckedChainOptions {
  /** Least and most additions of a chain. */
  steps: readonly [number, number];
  /** Of the 100 pairs of digits, how many are misconceptions: added wrongly, always with the same result. */
  misconceptions: number;
  /** Chance that worked chains show a misconception instead of the right sum. */
  misconceived: number;
  /** Chance of a random wrong result at any other pair. */
  slips: number;
  /** Share of items that ask for a check. */
  checks: number;
  /** Misconceptions that the right way through a chain meets at least. */
  least: number;
  /** What is shown of chains to solve: `noisy` ways in the model's own notation, `right` ones in it, or `reference` ones. */
  worked: 'noisy' | 'right' | 'reference';
  seed: number;
  validationSize: number;
  testSize: number;
}

interface Chain {
  digits: number[];
  check: boolean;
}

export interface CheckedChainData {
  /** The three digits that count, or what a check says. */
  answer: string;
}

/** How a check is asked for, and how it is read: the wrong step's number and what it should have been. */
export const CHECK_PROMPT = 'V{prompt}R{solution}T{attempt}:';
export const CHECK_PATTERN = '^(?<location>[1-9])(?<content>[0-9];)$';
/** Ends every step. */
export const STEP_END = ';';

const LETTERS = 'abcdefghij';
const right = (sum: number, digit: number) => (sum + digit) % 10;

function runningValues(digits: readonly number[], add: (sum: number, digit: number) => number): number[] {
  let sum = digits[0];
  return digits.slice(1).map((digit) => {
    sum = add(sum, digit);
    return sum;
  });
}

/** The values after a third, two thirds and all of the additions. */
function milestones(values: readonly number[]): string {
  const n = values.length;
  return [Math.ceil(n / 3), Math.ceil((2 * n) / 3), n].map((i) => values[i - 1]).join('');
}

/** Steps in the model's notation, then the answer. */
const written = (values: readonly number[]) =>
  `${values.map((value) => `${value}${STEP_END}`).join('')}A${milestones(values)}`;

/** The same in the notation of references: letters for the values of the steps. */
const referenceOf = (values: readonly number[]) =>
  `${values.map((value) => LETTERS[value]).join('')}A${milestones(values)}`;

/**
 * Prompt `Q37105=`; a completion `0;1;1;6;A116`: the value after each addition modulo 10, one token a step, then the values after a
 * third, two thirds and all of the steps, which are what is scored: 1 where all three are right, else 0. Worked chains
 * have misconceptions and slips, whose errors propagate.
 *
 * Checks: prompt `VQ37105=RabbgA116T0;1;2;7;A127:`, the problem, a right way in the notation of references and an attempt;
 * completion `31;`, the first wrong step and what it should have been, or `0` where nothing is wrong. References are written in a notation that
 * no worked chain uses, so that comparing is easy for a model that cannot solve.
 */
export function checkedChain(options: CheckedChainOptions): Environment<CheckedChainData> {
  const { steps, misconceived, slips, checks, least, worked, seed, validationSize, testSize } = options;
  const misconceptions = misconceptionsOf(Array(options.misconceptions).fill(misconceived));
  const shown = (random: Rng) => (sum: number, digit: number) => {
    const believed = misconceptions.get(10 * sum + digit);
    if (believed) return random.uniform() < believed.chance ? believed.result : right(sum, digit);
    return random.uniform() < slips ? (right(sum, digit) + 1 + random.int(9)) % 10 : right(sum, digit);
  };
  /** Misconceptions on the right way. */
  const met = (digits: readonly number[]) => {
    const values = [digits[0], ...runningValues(digits, right)];
    return digits.slice(1).filter((digit, i) => misconceptions.has(10 * values[i] + digit)).length;
  };
  return generatedEnvironment<Chain, CheckedChainData>({
    name: 'checked-chain',
    seed,
    validationSize,
    testSize,
    draw(random) {
      for (;;) {
        const n = steps[0] + random.int(steps[1] - steps[0] + 1);
        const digits = Array.from({ length: n + 1 }, () => random.int(10));
        if (met(digits) >= least) return { digits, check: random.uniform() < checks };
      }
    },
    keyOf: ({ digits, check }) => `${check ? 'V' : 'Q'}${digits.join('')}`,
    build({ digits, check }, random) {
      const problem = `Q${digits.join('')}=`;
      const truth = runningValues(digits, right);
      const noisy = runningValues(digits, shown(random));
      if (!check)
        return {
          prompt: problem,
          data: { answer: milestones(truth) },
          completion: { noisy: written(noisy), right: written(truth), reference: referenceOf(truth) }[worked],
          metadata: { steps: truth.length },
        };
      const wrong = noisy.findIndex((value, i) => value !== truth[i]);
      const verdict = wrong < 0 ? '0' : `${wrong + 1}${truth[wrong]}${STEP_END}`;
      return {
        prompt: `V${problem}R${referenceOf(truth)}T${written(noisy)}:`,
        data: { answer: verdict },
        completion: verdict,
        metadata: { steps: truth.length },
      };
    },
    grader: exactMatch<CheckedChainData>({
      extract: (completion) => (completion.includes('A') ? afterMarker('A')(completion) : completion),
    }),
    symbols: [
      ...Array.from({ length: 10 }, (_, digit) => `${digit}${STEP_END}`),
      ...'0123456789QVRTA=:',
      ...LETTERS,
    ],
  });
}
