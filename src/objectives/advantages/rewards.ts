/** Rewards of which some may be missing, and their statistics. */

/** A score, or undefined or NaN where grading failed. */
export type Reward = number | undefined;

/** True unless grading failed. Throws a RangeError for an infinite reward. */
export function isGraded(reward: Reward): reward is number {
  if (reward === Infinity || reward === -Infinity)
    throw new RangeError(`reward is ${reward}, expected a finite number, or undefined where grading failed`);
  return reward !== undefined && !Number.isNaN(reward);
}

/** The rewards that are there. */
export function graded(rewards: readonly Reward[]): number[] {
  return rewards.filter(isGraded);
}

/** Arithmetic mean; 0 of an empty list. */
export function mean(xs: readonly number[]): number {
  return xs.length === 0 ? 0 : xs.reduce((total, x) => total + x, 0) / xs.length;
}

/** Standard deviation dividing by n - ddof; 0 when n ≤ ddof. */
export function standardDeviation(xs: readonly number[], ddof: 0 | 1): number {
  if (xs.length <= ddof) return 0;
  const centre = mean(xs);
  return Math.sqrt(xs.reduce((total, x) => total + (x - centre) ** 2, 0) / (xs.length - ddof));
}

/**
 * True when a group teaches nothing by comparison: fewer than two graded rewards, or all of them within `tolerance`.
 * Yu et al. 2025, "DAPO", §3.2, drops such groups and samples others in their place (dynamic sampling).
 */
export function isUninformative(rewards: readonly Reward[], tolerance = 1e-9): boolean {
  const known = graded(rewards);
  return known.length < 2 || Math.max(...known) - Math.min(...known) <= tolerance;
}
