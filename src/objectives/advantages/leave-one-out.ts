/** Leave-one-out advantages: each trajectory against the mean of the others of its group. */
import { graded, isGraded, isUninformative, type Reward } from './rewards.ts';

/**
 * A_i = r_i - mean of r_j, j ≠ i, over the graded rewards of one group.
 *
 * Kool et al. 2019, "Buy 4 REINFORCE Samples, Get a Baseline for Free!"; Ahmadian et al. 2024, "Back to Basics", RLOO.
 * Failed grades (undefined or NaN) are left out and get 0: set their masks to 0 as well. Uninformative groups get zeros.
 */
export function leaveOneOut(rewards: readonly Reward[]): number[] {
  if (isUninformative(rewards)) return rewards.map(() => 0);
  const known = graded(rewards);
  const total = known.reduce((sum, r) => sum + r, 0);
  return rewards.map((r) => (isGraded(r) ? r - (total - r) / (known.length - 1) : 0));
}
