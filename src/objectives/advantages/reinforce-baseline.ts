/** Rewards less a baseline shared by all tasks: the batch's mean, or a running one. */
import { z } from 'zod';
import { graded, isGraded, mean, type Reward } from './rewards.ts';

export const reinforceBaselineOptions = z.strictObject({
  /** `batch`: mean of these rewards. `running`: exponential mean of earlier batches, this one not included. */
  baseline: z.enum(['batch', 'running']).default('batch'),
  /** Weight of the past in the running mean, in [0, 1). */
  decay: z.number().min(0).lt(1).default(0.9),
});

export interface BaselineResult {
  advantages: number[];
  /** Baseline after this batch: give it as `previous` next time. */
  baseline: number;
}

/**
 * A_i = r_i - b. Williams 1992, "Simple Statistical Gradient-Following Algorithms", reinforcement comparison.
 * Running: b is `previous` (the batch's mean the first time), and the next baseline is decay · b + (1 - decay) · mean(r).
 * Failed grades (undefined or NaN) are left out of the mean and get 0: set their masks to 0 as well.
 */
export function reinforceBaseline(
  rewards: readonly Reward[],
  options: z.input<typeof reinforceBaselineOptions> = {},
  previous?: number,
): BaselineResult {
  const { baseline: kind, decay } = reinforceBaselineOptions.parse(options);
  const known = graded(rewards);
  if (known.length === 0) return { advantages: rewards.map(() => 0), baseline: previous ?? 0 };
  const centre = mean(known);
  const used = kind === 'running' ? (previous ?? centre) : centre;
  return {
    advantages: rewards.map((r) => (isGraded(r) ? r - used : 0)),
    baseline: kind === 'running' ? decay * used + (1 - decay) * centre : centre,
  };
}
