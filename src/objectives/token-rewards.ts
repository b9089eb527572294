/** Per-token rewards of a trajectory: its score at the end, less a KL penalty along the way. */
import { type KlEstimator, klPenalty } from './parts/kl.ts';

export interface TokenRewardInputs {
  /** Score of the whole trajectory. */
  reward: number;
  /** 1 where the model made the token. */
  mask: ArrayLike<number>;
  /** Penalty against a reference; absent: none. */
  kl?: {
    /** Log-probabilities under the weights that sampled. */
    logprobs: ArrayLike<number>;
    /** Log-probabilities under the reference. */
    reference: ArrayLike<number>;
    estimator: KlEstimator;
    coefficient: number;
  };
}

/**
 * r_t = [t is the last masked token] · reward - β · KL_t, and 0 outside the mask.
 * Ziegler et al. 2019, "Fine-Tuning Language Models from Human Preferences", eq. 2 (there with k1).
 * For estimators that look at whole trajectories, their sum is the penalised reward.
 */
export function tokenRewards({ reward, mask, kl }: TokenRewardInputs): number[] {
  const rewards = kl
    ? klPenalty(kl.logprobs, kl.reference, kl.estimator, mask).map((x) => -kl.coefficient * x)
    : Array.from(mask, () => 0);
  const last = Array.from(mask).findLastIndex((m) => m > 0);
  if (last >= 0) rewards[last] += reward;
  return rewards;
}
