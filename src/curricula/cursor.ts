/** Curricula that walk through a split in an order fixed beforehand: as it is, or shuffled anew every epoch. */
import { rng } from '../random/index.ts';
import type { Curriculum, Json } from './curriculum.ts';

/** Walks an endless list of indices; the cursor is all there is to remember. */
function walking(kind: string, size: number, at: (position: number) => number): Curriculum {
  if (!(size >= 1) || (Number.isFinite(size) && !Number.isInteger(size)))
    throw new RangeError(`${kind} curriculum: the split has ${size} tasks, expected at least one`);
  let cursor = 0;
  return {
    next(count) {
      if (!Number.isInteger(count) || count < 1)
        throw new RangeError(`${kind} curriculum: count is ${count}, expected an integer of at least 1`);
      const indices = Array.from({ length: count }, (_, i) => at(cursor + i));
      cursor += count;
      return indices;
    },
    observe() {},
    state: () => ({ kind, cursor }),
    restore(state: Json) {
      const known = state as { kind?: unknown; cursor?: unknown } | null;
      if (known?.kind !== kind || !Number.isSafeInteger(known.cursor) || Number(known.cursor) < 0)
        throw new Error(
          `${kind} curriculum: cannot go on from ${JSON.stringify(state)}, expected { kind: '${kind}', cursor }`,
        );
      cursor = Number(known.cursor);
    },
  };
}

/** Tasks in their own order, from the start again after the last. `size` may be `Infinity`. */
export function sequential(size: number): Curriculum {
  return walking('sequential', size, (position) => (size === Infinity ? position : position % size));
}

/**
 * Every task once an epoch, in an order drawn anew for each from the stream (seed, ...path, 'epoch', number).
 * A split without end has no epochs: its tasks come in their own order, each once.
 */
export function shuffled(size: number, seed: number, ...path: (string | number)[]): Curriculum {
  let epoch = -1;
  let order: number[] = [];
  return walking('shuffled', size, (position) => {
    if (size === Infinity) return position;
    const wanted = Math.floor(position / size);
    if (wanted !== epoch) {
      epoch = wanted;
      order = rng(seed, ...path, 'epoch', epoch).shuffle(Array.from({ length: size }, (_, i) => i));
    }
    return order[position % size];
  });
}
