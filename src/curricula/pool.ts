/** Curricula over a fixed pool, for comparison with those that learn: uniform draws, and easiest first. */
import { rng } from '../random/index.ts';
import type { Curriculum, Json } from './curriculum.ts';
import { sequential } from './cursor.ts';

/**
 * Each step draws its tasks uniformly, none twice within a step. Draws are named by (seed, ...path, 'uniform', number).
 * Throws a RangeError unless `size` is a whole number from 1, and when more tasks are asked for.
 */
export function uniform(size: number, seed: number, ...path: (string | number)[]): Curriculum {
  if (!(Number.isInteger(size) && size >= 1))
    throw new RangeError(`uniform curriculum: the pool has ${size} tasks, expected a whole number from 1`);
  let draws = 0;
  return {
    next(count) {
      if (!(Number.isInteger(count) && count >= 1 && count <= size))
        throw new RangeError(
          `uniform curriculum: count is ${count}, expected a whole number from 1 to the ${size} tasks of the pool`,
        );
      const order = rng(seed, ...path, 'uniform', draws++).shuffle(Array.from({ length: size }, (_, i) => i));
      return order.slice(0, count);
    },
    observe() {},
    state: (): Json => ({ kind: 'uniform', draws }),
    restore(state) {
      const known = state as { kind?: unknown; draws?: unknown } | null;
      if (known?.kind !== 'uniform' || !Number.isSafeInteger(known.draws))
        throw new Error(
          `uniform curriculum: cannot go on from ${JSON.stringify(state)}, expected { kind: 'uniform', draws }`,
        );
      draws = Number(known.draws);
    },
  };
}

/** Tasks by falling success rate, so the easiest first; from the start again after the hardest. */
export function easiestFirst(rates: readonly number[]): Curriculum {
  const order = rates.map((_, index) => index).sort((i, j) => rates[j] - rates[i] || i - j);
  const walk = sequential(order.length);
  return { ...walk, next: (count, step) => walk.next(count, step).map((position) => order[position]) };
}
