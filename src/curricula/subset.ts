/** A curriculum over some of a split's tasks: another curriculum that walks their positions. */
import type { Curriculum } from './curriculum.ts';

/**
 * Tasks of `indices` only, in the order in which `walk` (a curriculum over 0..indices.length - 1) takes their positions; its
 * state is the walk's. Results of other tasks are not passed on. Throws a RangeError where `indices` is empty or has one twice.
 */
export function subset(indices: readonly number[], walk: Curriculum): Curriculum {
  if (indices.length === 0) throw new RangeError('subset curriculum: no tasks, expected at least one');
  const positions = new Map(indices.map((index, position) => [index, position]));
  if (positions.size < indices.length)
    throw new RangeError(
      `subset curriculum: ${indices.length} tasks of which ${positions.size} are different, expected each once`,
    );
  return {
    ...walk,
    next: (count, step) => walk.next(count, step).map((position) => indices[position]),
    observe(results) {
      walk.observe(
        results.flatMap((result) => {
          const index = positions.get(result.index);
          return index === undefined ? [] : [{ ...result, index }];
        }),
      );
    },
  };
}
