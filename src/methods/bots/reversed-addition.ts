/** Sums of numbers of one to six digits, answered from the last digit on: how hard a task is grows with its length. */
import { generatedEnvironment } from '../../environments/generated.ts';
import { splitOf } from '../../environments/index.ts';
import { exactMatch } from '../../graders/index.ts';
import { type Rng, rng } from '../../random/index.ts';
import type { Environment, Split, Task } from '../../types/index.ts';

interface Sum {
  left: string;
  right: string;
}

export interface SumData {
  /** The sum's digits from the last one on. */
  answer: string;
}

const SYMBOLS = [...'0123456789+='];
/** As generated environments have them: what one holds out, the other does too. */
const SHARES = { validation: 0.1, test: 0.1 };
/** Draws for each pair that is wanted before a length counts as exhausted. */
const DRAWS_PER_PAIR = 100;

function drawNumber(random: Rng, digits: number): string {
  let text = String(digits === 1 ? random.int(10) : 1 + random.int(9));
  while (text.length < digits) text += random.int(10);
  return text;
}

const drawSum = (random: Rng, digits: number): Sum => ({
  left: drawNumber(random, digits),
  right: drawNumber(random, digits),
});

const keyOf = ({ left, right }: Sum) => `${left}+${right}`;

function taskOf({ left, right }: Sum): Omit<Task<SumData>, 'id'> {
  const answer = [...String(Number(left) + Number(right))].reverse().join('');
  return {
    prompt: `${left}+${right}=`,
    data: { answer },
    completion: answer,
    metadata: { digits: left.length },
  };
}

/** One of the indices, with chances in proportion to the weights. */
function weightedIndex(random: Rng, weights: readonly number[]): number {
  let left = random.uniform() * weights.reduce((a, b) => a + b, 0);
  const index = weights.findIndex((weight) => {
    left -= weight;
    return left < 0;
  });
  return index < 0 ? weights.length - 1 : index;
}

export interface PretrainingOptions {
  /** Weight of each number of digits, from 1 on. */
  weights: readonly number[];
  seed: number;
}

/** Endless sums, lengths drawn by weights: what a model is trained on beforehand. Prompt `47+85=`, completion `231`. */
export function weightedSums({ weights, seed }: PretrainingOptions): Environment<SumData> {
  return generatedEnvironment<Sum, SumData>({
    name: 'reversed-addition',
    seed,
    validationSize: 300,
    testSize: 300,
    draw: (random) => drawSum(random, 1 + weightedIndex(random, weights)),
    keyOf,
    build: taskOf,
    grader: exactMatch<SumData>(),
    symbols: SYMBOLS,
  });
}

export interface PoolOptions {
  /** Pairs of each length in the training pool, and in the held-out splits; all there are where there are fewer. */
  perLength: Record<Split, number>;
  /** Greatest number of digits. */
  digits: number;
  seed: number;
}

/** Different pairs of one length in one split. */
function pairsOf(split: Split, digits: number, { perLength, seed }: PoolOptions): Sum[] {
  const random = rng(seed, 'reversed addition', split, digits);
  const pairs = new Map<string, Sum>();
  for (let draws = 0; pairs.size < perLength[split] && draws < DRAWS_PER_PAIR * perLength[split]; draws++) {
    const pair = drawSum(random, digits);
    if (splitOf(keyOf(pair), SHARES) === split) pairs.set(keyOf(pair), pair);
  }
  return [...pairs.values()];
}

/** A fixed pool of sums, as many of each length: what tasks are selected from. `facts` are added to a task's metadata. */
export function sumPool(
  options: PoolOptions,
  facts: (index: number) => Record<string, number> = () => ({}),
): Environment<SumData> {
  const name = 'reversed-addition-pool';
  const make = (split: Split) =>
    Array.from({ length: options.digits }, (_, i) => pairsOf(split, i + 1, options))
      .flat()
      .map((pair, index): Task<SumData> => {
        const task = taskOf(pair);
        const added = split === 'train' ? facts(index) : {};
        return { ...task, id: `${name}/${split}/${keyOf(pair)}`, metadata: { ...task.metadata, ...added } };
      });
  const splits = { train: make('train'), validation: make('validation'), test: make('test') };
  return {
    name,
    size: (split) => splits[split].length,
    task(split, index) {
      const task = splits[split][index];
      if (task === undefined)
        throw new RangeError(
          `environment ${name}: ${split} task ${index}, expected an integer from 0 below ${splits[split].length}`,
        );
      return task;
    },
    grader: exactMatch<SumData>(),
    symbols: SYMBOLS,
  };
}
