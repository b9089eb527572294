/** Grades the length of a completion: full score up to a free length, then a ramp down to nothing. */
import type { Grader } from '../types/index.ts';
import { graded } from './grades.ts';

export interface LengthOptions {
  /** Length up to which the score is 1. */
  free: number;
  /** Length from which the score is 0; at least `free`. */
  limit: number;
  /** What is counted. Default tokens as sampled. */
  unit?: 'tokens' | 'characters';
}

/**
 * Score 1 up to `free`, falling linearly to 0 at `limit`: with `limit` as the maximum length and `limit - free` as the
 * cache, one plus the soft overlong punishment of DAPO (Yu et al., 2025, eq. 13). Part `length`: the length itself.
 */
export function length({ free, limit, unit = 'tokens' }: LengthOptions): Grader {
  if (!(free >= 0) || !(limit >= free) || !Number.isFinite(limit))
    throw new RangeError(`length: free is ${free} and limit is ${limit}, expected 0 <= free <= limit`);
  return {
    name: 'length',
    grade({ tokens, completion }) {
      const n = unit === 'tokens' ? tokens.length : [...completion].length;
      const score = n <= free ? 1 : n >= limit ? 0 : (limit - n) / (limit - free);
      return graded(score, { length: n });
    },
  };
}
