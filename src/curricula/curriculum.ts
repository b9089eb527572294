/** What a curriculum is: it decides which tasks come next, and learns from what came back. */

/** Anything JSON can hold; what snapshots are made of. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** How the attempts at one task went. */
export interface TaskResult {
  /** Index of the task in its split. */
  index: number;
  /** Scores in [0, 1] of the attempts that were graded. */
  scores: readonly number[];
  /** Attempts that could not be graded. */
  failed: number;
}

/** Chooses tasks of a split by index. Everything it remembers is in `state()`. */
export interface Curriculum {
  /** `count` task indices for a step; the same task may come twice. Throws a RangeError on a count below 1. */
  next(count: number, step: number): number[];
  /** Told after each step how its tasks went. */
  observe(results: readonly TaskResult[]): void;
  state(): Json;
  /** Puts a state back. Throws when it is of another kind of curriculum. */
  restore(state: Json): void;
}
