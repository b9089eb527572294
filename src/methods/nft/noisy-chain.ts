/** Chains of additions modulo 10 whose worked examples hold misconceptions: errors that only reinforcement can undo. */
import { generatedEnvironment } from '../../environments/generated.ts';
import { afterMarker, exactMatch } from '../../graders/index.ts';
import { type Rng, rng } from '../../random/index.ts';
import type { Environment } from '../../types/index.ts';

export interface NoisyChainOptions {
  /** Least and most additions of a chain. */
  steps: readonly [number, number];
  /** Of the 100 pairs of digits, how many are misconceptions: added wrongly, always with the same result. */
  misconceptions: number;
  /** Chance that worked examples show a misconception instead of the right sum. */
  misconceived: number;
  /** Chance of a random wrong result at any other pair. */
  slips: number;
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

const SYMBOLS = [...'0123456789Q=+;A'];
const pairOf = (sum: number, digit: number) => 10 * sum + digit;

/** A digit other than the right one. */
const wrongDigit = (random: Rng, right: number) => (right + 1 + random.int(9)) % 10;

/** The wrong result of every pair that is a misconception; the same for all settings but their number. */
export function misconceptionsOf(count: number): ReadonlyMap<number, number> {
  const random = rng(0, 'noisy chain', 'misconceptions');
  const pairs = random.shuffle(Array.from({ length: 100 }, (_, pair) => pair)).slice(0, count);
  return new Map(pairs.map((pair) => [pair, wrongDigit(random, (Math.floor(pair / 10) + (pair % 10)) % 10)]));
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
 * Prompt `Q37105=`; worked completion `3+7=0;0+1=1;1+0=1;1+5=6;A116`: each addition modulo 10, then the running values
 * after a third, two thirds and all of them. Worked completions are what a model is given to imitate, with misconceptions
 * and slips, whose errors propagate; scores are of the truth: 1 where all three digits are right, else 0.
 */
export function noisyChain(options: NoisyChainOptions): Environment<NoisyChainData> {
  const { steps, misconceived, slips, seed, validationSize, testSize } = options;
  const misconceptions = misconceptionsOf(options.misconceptions);
  const shown = (random: Rng) => (sum: number, digit: number) => {
    const right = (sum + digit) % 10;
    const believed = misconceptions.get(pairOf(sum, digit));
    if (believed !== undefined) return random.uniform() < misconceived ? believed : right;
    return random.uniform() < slips ? wrongDigit(random, right) : right;
  };
  return generatedEnvironment<Chain, NoisyChainData>({
    name: 'noisy-chain',
    seed,
    validationSize,
    testSize,
    draw(random) {
      const n = steps[0] + random.int(steps[1] - steps[0] + 1);
      return { digits: Array.from({ length: n + 1 }, () => random.int(10)) };
    },
    keyOf: ({ digits }) => digits.join(''),
    build(chain, random) {
      const { digits } = chain;
      const values = runningValues(chain, shown(random));
      const worked = values.map(
        (value, i) => `${i === 0 ? digits[0] : values[i - 1]}+${digits[i + 1]}=${value};`,
      );
      return {
        prompt: `Q${digits.join('')}=`,
        data: { answer: milestones(runningValues(chain, (sum, digit) => (sum + digit) % 10)) },
        completion: `${worked.join('')}A${milestones(values)}`,
        metadata: { steps: values.length },
      };
    },
    grader: exactMatch<NoisyChainData>({ extract: afterMarker('A') }),
    symbols: SYMBOLS,
  });
}
