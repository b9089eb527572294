/** Makes an environment of a random generator: endless training tasks, fixed held-out tasks, never one in two splits. */
import { type Rng, rng } from '../random/index.ts';
import type { Environment, Grader, Split, Task } from '../types/index.ts';
import { splitOf } from './split-rule.ts';

/** How problems are drawn and become tasks. */
export interface Generator<Problem, Data> {
  name: string;
  seed: number;
  validationSize: number;
  testSize: number;
  /** Draws a problem; cheap, since most draws for a held-out split are thrown away. */
  draw(random: Rng): Problem;
  /** The problem in a canonical form: problems with the same key are the same task and share a split. */
  keyOf(problem: Problem): string;
  /** Makes the task of a problem; draws (a demonstration, say) from the stream given. */
  build(problem: Problem, random: Rng): Omit<Task<Data>, 'id'>;
  grader: Grader<Data>;
  symbols: readonly string[];
}

/** One problem in ten is for validation and one in ten for testing, by the hash of its key, whatever the seed. */
const SHARES = { validation: 0.1, test: 0.1 };
/** Draws without a new problem, and draws in all for each task wanted, after which a held-out split counts as complete. */
const PATIENCE = 2_000;
const DRAWS_PER_TASK = 100;

/**
 * The environment of a generator. The split of a problem is the hash of its key (see `splitOf`), the same for every
 * seed: a model trained with one seed never saw a held-out task of another.
 *
 * - `train`: endless; task `index` is drawn from the stream (seed, name, 'train', index), so any process makes it alone.
 *   A problem may come again at another index.
 * - `validation`, `test`: distinct problems drawn in order from one stream a split, made at first use and kept.
 */
export function generatedEnvironment<Problem, Data>(generator: Generator<Problem, Data>): Environment<Data> {
  const { name, seed } = generator;
  const heldOut = new Map<Split, Problem[]>();

  const drawHeldOut = (split: Split, size: number): Problem[] => {
    const random = rng(seed, name, split);
    const seen = new Set<string>();
    const problems: Problem[] = [];
    let misses = 0;
    for (
      let draws = 0;
      problems.length < size && misses < PATIENCE && draws < DRAWS_PER_TASK * size;
      draws++
    ) {
      misses++;
      const problem = generator.draw(random);
      const key = generator.keyOf(problem);
      if (seen.has(key) || splitOf(key, SHARES) !== split) continue;
      seen.add(key);
      problems.push(problem);
      misses = 0;
    }
    return problems;
  };
  const problemsOf = (split: Split): Problem[] => {
    let problems = heldOut.get(split);
    if (problems === undefined) {
      problems = drawHeldOut(split, split === 'validation' ? generator.validationSize : generator.testSize);
      heldOut.set(split, problems);
    }
    return problems;
  };
  const drawTraining = (index: number): Problem => {
    const random = rng(seed, name, 'train', index);
    for (let draws = 0; draws < PATIENCE; draws++) {
      const problem = generator.draw(random);
      if (splitOf(generator.keyOf(problem), SHARES) === 'train') return problem;
    }
    throw new Error(
      `environment ${name}: these settings leave no training task (${PATIENCE} draws gave none)`,
    );
  };

  const size = (split: Split) => (split === 'train' ? Number.POSITIVE_INFINITY : problemsOf(split).length);
  return {
    name,
    size,
    task(split, index) {
      checkIndex(name, split, index, size(split));
      const problem = split === 'train' ? drawTraining(index) : problemsOf(split)[index];
      return {
        id: `${name}/${split}/${seed}/${index}`,
        ...generator.build(problem, rng(seed, name, split, index, 'build')),
      };
    },
    grader: generator.grader,
    symbols: generator.symbols,
  };
}

/** Throws a RangeError unless 0 <= index < size. */
export function checkIndex(name: string, split: Split, index: number, size: number): void {
  if (Number.isInteger(index) && index >= 0 && index < size) return;
  throw new RangeError(
    `environment ${name}: ${split} task ${index}, expected an integer from 0 below ${size}`,
  );
}
