/** Filling a program's packed input memory from ragged rows, and reading its packed outputs. */
import type { NativeTensor } from '../../tensor/index.ts';
import { type PackedRun, placeOf } from './packing.ts';

type Tensors = Readonly<Record<string, NativeTensor>>;
type Rows = readonly ArrayLike<number>[];

/**
 * Places each sequence's tokens in `ids`; where rows are shared, also says which token belongs where: `segments` are equal
 * for tokens of one sequence's own, or of one common prefix, and `parents` are the segments of the prefix that tokens follow.
 */
export function fillTokens(
  { ids, positions, segments, parents }: Tensors,
  run: PackedRun,
  sequences: Rows,
): void {
  const token = ids.data as Int32Array;
  const position = positions?.data as BigInt64Array | undefined;
  const segment = segments?.data as Int32Array | undefined;
  const parent = parents?.data as Int32Array | undefined;
  token.fill(0);
  position?.fill(0n);
  segment?.fill(-1);
  parent?.fill(-1);
  run.places.forEach((place, slot) => {
    const tokens = sequences[place.sequence];
    const first = place.row * run.length;
    for (let t = 0; t < tokens.length; t++) {
      const at = first + placeOf(place, t);
      token[at] = tokens[t];
      if (position) position[at] = BigInt(t);
      // A prefix is known by where it lies.
      const prefix = run.slots + place.prefix;
      if (segment) segment[at] = t < place.shared ? prefix : slot;
      if (parent) parent[at] = place.shared > 0 ? prefix : slot;
    }
  });
}

/** Copies rows[sequence] to the sequence's slot of an array [slots, length]; everything else becomes 0. */
export function fillSlots(target: NativeTensor, run: PackedRun, rows: Rows): void {
  const data = target.data as Float32Array;
  data.fill(0);
  run.places.forEach(({ sequence }, slot) => {
    data.set(rows[sequence], slot * run.length);
  });
}

/** What is scored, and where scores go. */
export interface ScoredRows {
  sequences: Rows;
  /** Scored are tokens with a mask above 0. Absent: all. */
  mask?: Rows;
  /** Candidate ids, `width` a token. */
  candidates?: Rows;
  width?: number;
}

/** Number of tokens of a run that are scored: those that follow another one and that the mask keeps. */
export function countScored(run: PackedRun, { sequences, mask }: ScoredRows): number {
  let count = 0;
  for (const { sequence } of run.places)
    for (let t = 1; t < sequences[sequence].length; t++) if (!mask || mask[sequence][t] > 0) count++;
  return count;
}

/**
 * Lists scored tokens: `next` their ids, `at` the place of the token before each, `candidates` their candidates, and
 * `grid` [slots, length] at the token of a slot its number in the list, counted from 1 (0: not scored). Without `at`, the
 * list has every place.
 */
export function fillScored({ at, next, grid, candidates }: Tensors, run: PackedRun, rows: ScoredRows): void {
  const { sequences, mask, width = 1 } = rows;
  for (const list of [at, next, grid, candidates]) (list?.data as Int32Array | undefined)?.fill(0);
  let count = 0;
  run.places.forEach((place, slot) => {
    const { sequence, row } = place;
    const tokens = sequences[sequence];
    for (let t = 1; t < tokens.length; t++) {
      if (mask && !(mask[sequence][t] > 0)) continue;
      const before = row * run.length + placeOf(place, t - 1);
      const number = at ? count++ : before;
      if (at) at.data[number] = before;
      next.data[number] = tokens[t];
      if (grid) grid.data[slot * run.length + t] = number + 1;
      if (candidates && rows.candidates)
        for (let k = 0; k < width; k++)
          candidates.data[number * width + k] = rows.candidates[sequence][t * width + k];
    }
  });
}

/** One array a sequence of scores of all places, `width` a token; entry 0 is 0. */
export function readScores(
  source: NativeTensor,
  run: PackedRun,
  sequences: Rows,
  into: Float32Array[],
  width = 1,
): void {
  const data = source.data as Float32Array;
  for (const { sequence, row, start } of run.places) {
    const scores = new Float32Array(sequences[sequence].length * width);
    const first = (row * run.length + start) * width;
    scores.set(data.subarray(first, first + scores.length - width), width);
    into[sequence] = scores;
  }
}
