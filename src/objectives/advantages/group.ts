/** Group-relative advantages: how a trajectory did compared to others on the same task. */
import { z } from 'zod';
import { graded, isGraded, isUninformative, mean, type Reward, standardDeviation } from './rewards.ts';

export const groupAdvantageOptions = z.strictObject({
  /** What centred rewards are divided by: the group's deviation (GRPO), the batch's, or nothing (Dr. GRPO). */
  normalise: z.enum(['std', 'batch-std', 'none']).default('std'),
  /** The deviation divides by n - ddof: 0 population, 1 sample (as TRL does). */
  ddof: z.union([z.literal(0), z.literal(1)]).default(1),
  /** Added to the deviation. */
  epsilon: z.number().min(0).default(1e-4),
});

/**
 * A_i = (r_i - mean(r)) / (std(r) + ε) over the graded rewards of one group.
 *
 * Shao et al. 2024, "DeepSeekMath", §4.1.2. `none` divides by nothing: Liu et al. 2025, "Understanding R1-Zero-Like Training",
 * Dr. GRPO. `batch-std` divides by the deviation of `batch`, all rewards of the step (TRL's scale_rewards="batch").
 * A failed grade (undefined or NaN) is left out of the statistics and gets 0: set its trajectory's mask to 0 as well.
 * An uninformative group gets zeros. Throws a RangeError for batch-std without `batch`.
 */
export function groupAdvantages(
  rewards: readonly Reward[],
  options: z.input<typeof groupAdvantageOptions> = {},
  batch?: readonly Reward[],
): number[] {
  const { normalise, ddof, epsilon } = groupAdvantageOptions.parse(options);
  if (normalise === 'batch-std' && batch === undefined)
    throw new RangeError(
      'groupAdvantages: batch is undefined, expected all rewards of the step for batch-std',
    );
  if (isUninformative(rewards)) return rewards.map(() => 0);
  const known = graded(rewards);
  const centre = mean(known);
  const population = normalise === 'batch-std' ? graded(batch ?? []) : known;
  const divisor = normalise === 'none' ? 1 : standardDeviation(population, ddof) + epsilon;
  return rewards.map((r) => (isGraded(r) ? (r - centre) / divisor : 0));
}
