/** Chains of additions of very different difficulty: models imitate examples whose errors are rare for some pairs and common for others. */
import { type NoisyChainData, type NoisyChainOptions, noisyChain } from '../../environments/index.ts';
import { rng } from '../../random/index.ts';
import type { Environment, Task } from '../../types/index.ts';

const PAIRS = 100;
/** Draws without a new task after which there are taken to be no more. */
const PATIENCE = 2000;
/** Log-odds of the right result, from the hardest pair to the easiest. */
const LOG_ODDS = { hardest: -3, easiest: 4 };

export interface Teacher {
  /** Names the teacher: what it finds harder than others do is its own. */
  name: string;
  /** Added to all log-odds. */
  skill: number;
  /** Standard deviation of what is its own. */
  own: number;
}

/** Chance, by pair, that a teacher's examples show the wrong result: evenly spread in log-odds, and shifted by skill. */
export function errorsOf({ name, skill, own }: Teacher): number[] {
  const { hardest, easiest } = LOG_ODDS;
  const random = rng(0, 'uneven chains', name);
  return Array.from({ length: PAIRS }, (_, i) => {
    const odds = hardest + (i / (PAIRS - 1)) * (easiest - hardest) + skill + own * random.normal();
    return Number((1 / (1 + Math.exp(odds))).toFixed(4));
  });
}

/** Settings of a teacher's chains of three additions, as plain JSON. */
export function chainsOf(teacher: Teacher) {
  return {
    additions: 3,
    misconceptions: [],
    slips: errorsOf(teacher),
    seed: 0,
    validationSize: 100,
    testSize: 200,
  };
}

/**
 * The same chains with a pool of `size` different training tasks. `facts` are added to the metadata of a training task.
 * Throws a RangeError where there are not so many.
 */
export function chainPool(
  options: NoisyChainOptions,
  size: number,
  facts: (index: number) => Record<string, number> = () => ({}),
): Environment<NoisyChainData> {
  const endless = noisyChain(options);
  const different = new Map<string, Task<NoisyChainData>>();
  let misses = 0;
  for (let index = 0; different.size < size; index++) {
    if (misses > PATIENCE)
      throw new RangeError(`chain pool: size is ${size}, expected at most the ${different.size} there are`);
    const task = endless.task('train', index);
    misses = different.has(String(task.prompt)) ? misses + 1 : 0;
    if (misses === 0) different.set(String(task.prompt), task);
  }
  const pool = [...different.values()].map((task, index) => ({
    ...task,
    metadata: { ...task.metadata, ...facts(index) },
  }));
  return {
    ...endless,
    size: (split) => (split === 'train' ? pool.length : endless.size(split)),
    task(split, index) {
      if (split !== 'train') return endless.task(split, index);
      if (pool[index] !== undefined) return pool[index];
      throw new RangeError(
        `environment ${endless.name}: train task ${index}, expected an integer from 0 below ${pool.length}`,
      );
    },
  };
}
