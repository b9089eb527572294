/** Chains of additions modulo 10 whose worked examples hold misconceptions: errors that only reinforcement can undo. */
import { afterMarker, exactMatch } from '../graders/index.ts';
import { type Rng, rng } from '../random/index.ts';
import type { Environment } from '../types/index.ts';
import { generatedEnvironment } from './generated.ts';

export interface NoisyChainOptions {
  /** Additions of a chain, at least 1. */
  additions: number;
  /**
   * Chances that worked examples show a pair of digits with a wrong result, always the same one: of the pairs in a fixed random
   * order, the first has the first chance, and so on; pairs beyond the list are no misconceptions.
   */
  misconceptions: readonly number[];
  /** Chance of a random wrong result at any other pair: of all alike, or a list like that of misconceptions, 0 beyond it. */
  slips: number | readonly number[];
  seed: number;
  validationSize: number;
  testSize: number;
}

interface Chain {
  digits: number[];
}

export interface NoisyChainData {
  /** The three digits that count. */
  answer: string;
}

/** A wrong result that is shown instead of the right one. */
export interface Misconception {
  result: number;
  /** Of its being shown. */
  chance: number;
}

const SYMBOLS = [...'0123456789+=A'];
const PAIRS = 100;
const pairOf = (sum: number, digit: number) => 10 * sum + digit;

/** A digit other than the right one. */
const wrongDigit = (random: Rng, right: number) => (right + 1 + random.int(9)) % 10;

/** All pairs (10 sum + digit) in the fixed random order, each with a wrong result of its own. */
function orderedPairs(): [pair: number, wrong: number][] {
  const random = rng(0, 'noisy chain', 'misconceptions');
  const pairs = random.shuffle(Array.from({ length: PAIRS }, (_, pair) => pair));
  return pairs.map((pair) => [pair, wrongDigit(random, (Math.floor(pair / 10) + (pair % 10)) % 10)]);
}

function checkedChances(name: string, chances: readonly number[]): readonly number[] {
  const wrong = chances.findIndex((chance) => !(chance >= 0 && chance <= 1));
  if (chances.length <= PAIRS && wrong < 0) return chances;
  throw new RangeError(
    `noisy-chain: ${name} has ${chances.length} chances${wrong < 0 ? '' : `, number ${wrong} is ${chances[wrong]}`}; expected up to ${PAIRS}, each from 0 to 1`,
  );
}

/** Misconceptions by pair, of chances in the fixed random order of pairs. Throws a RangeError on more than 100, or one outside [0, 1]. */
export function misconceptionsOf(chances: readonly number[]): ReadonlyMap<number, Misconception> {
  const pairs = orderedPairs();
  return new Map(
    checkedChances('misconceptions', chances).map((chance, i) => [
      pairs[i][0],
      { result: pairs[i][1], chance },
    ]),
  );
}

/** Running values after each addition, each made by `add`. */
function runningValues({ digits }: Chain, add: (sum: number, digit: number) => number): number[] {
  const values: number[] = [];
  digits.slice(1).reduce((sum, digit) => {
    const next = add(sum, digit);
    values.push(next);
    return next;
  }, digits[0]);
  return values;
}

/** The values after a third, two thirds and all of the additions. */
function milestones(values: readonly number[]): string {
  const n = values.length;
  return [Math.ceil(n / 3), Math.ceil((2 * n) / 3), n].map((i) => values[i - 1]).join('');
}

/**
 * Prompt `3+7+1+0+5=`; worked completion `370110156A116`: the first digit, each further digit followed by the sum so far
 * modulo 10, then the sums after a third, two thirds and all of the additions. Worked completions are what a model is given
 * to imitate, with misconceptions and slips, whose errors propagate; scores are of the truth: 1 where all three last digits
 * are right, else 0. A digit and the place in the completion where it is needed are equally far apart throughout, so that small
 * models learn to look there soon. Throws a RangeError on settings out of range.
 */
export function noisyChain(options: NoisyChainOptions): Environment<NoisyChainData> {
  const { additions, slips, seed, validationSize, testSize } = options;
  if (!(Number.isInteger(additions) && additions >= 1))
    throw new RangeError(`noisy-chain: additions is ${additions}, expected a whole number from 1`);
  const believed = misconceptionsOf(options.misconceptions);
  const order = orderedPairs();
  const slipping = typeof slips === 'number' ? new Array<number>(PAIRS).fill(slips) : slips;
  const slipOf = new Map(checkedChances('slips', slipping).map((chance, i) => [order[i][0], chance]));
  const shown = (random: Rng) => (sum: number, digit: number) => {
    const right = (sum + digit) % 10;
    const belief = believed.get(pairOf(sum, digit));
    if (belief !== undefined) return random.uniform() < belief.chance ? belief.result : right;
    return random.uniform() < (slipOf.get(pairOf(sum, digit)) ?? 0) ? wrongDigit(random, right) : right;
  };
  return generatedEnvironment<Chain, NoisyChainData>({
    name: 'noisy-chain',
    seed,
    validationSize,
    testSize,
    draw: (random) => ({ digits: Array.from({ length: additions + 1 }, () => random.int(10)) }),
    keyOf: ({ digits }) => digits.join(''),
    build(chain, random) {
      const { digits } = chain;
      const values = runningValues(chain, shown(random));
      const worked = values.map((value, i) => `${digits[i + 1]}${value}`);
      return {
        prompt: `${digits.join('+')}=`,
        data: { answer: milestones(runningValues(chain, (sum, digit) => (sum + digit) % 10)) },
        completion: `${digits[0]}${worked.join('')}A${milestones(values)}`,
      };
    },
    grader: exactMatch<NoisyChainData>({ extract: afterMarker('A') }),
    symbols: SYMBOLS,
  });
}
