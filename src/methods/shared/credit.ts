/** Advantage estimators that look at whole trajectories, applied to attempts. */
import { type AdvantageConfig, estimateAdvantages } from '../../objectives/index.ts';
import { spread } from '../../training/index.ts';
import { type Attempt, byGroup } from './attempts.ts';

const total = (rewards: readonly number[] | undefined) => rewards?.reduce((sum, r) => sum + r, 0);

/**
 * Gives every token of an attempt the attempt's advantage. Returns the estimator's new baseline where it has one.
 * `previous` is the baseline of the step before.
 */
export function creditTrajectories(
  attempts: readonly Attempt[],
  rewards: readonly (number[] | undefined)[],
  estimator: AdvantageConfig,
  previous?: number,
): number | undefined {
  const rewardOf = new Map(attempts.map((attempt, i) => [attempt, total(rewards[i])]));
  const groups = byGroup(attempts);
  const { advantages, baseline } = estimateAdvantages(
    groups.map((group) => group.map((attempt) => rewardOf.get(attempt))),
    estimator,
    previous,
  );
  groups.forEach((group, g) => {
    group.forEach((attempt, i) => {
      attempt.advantages = spread(advantages[g][i], attempt.trajectory.lossMask);
    });
  });
  return baseline;
}
