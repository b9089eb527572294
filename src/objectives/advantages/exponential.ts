/** Weights of reward-weighted regression: likelihood counts by the exponential of the reward. */

export interface ExponentialWeightOptions {
  /** τ, above 0: small ones look at the best rewards only, large ones weigh all alike. */
  temperature: number;
  /** Taken off every reward first; 0 unless given. */
  centre?: number;
}

/**
 * w_i = exp((r_i - centre) / τ), the optimum's density ratio of max_q E_q[r] - τ KL(q || π), so that weighted maximum
 * likelihood projects onto that optimum.
 *
 * Peters and Schaal 2007, "Reinforcement Learning by Reward-Weighted Regression for Operational Space Control"; with a
 * centre, Peng et al. 2019, "Advantage-Weighted Regression". Learned from with the `reinforce` objective, to which weights
 * are advantages that are never negative: its loss is then - Σ weight · w_i log π(o_t). Throws a RangeError unless
 * temperature is above 0 and every weight is finite and above 0.
 */
export function exponentialWeights(
  rewards: readonly number[],
  { temperature, centre = 0 }: ExponentialWeightOptions,
): number[] {
  if (!(temperature > 0))
    throw new RangeError(`exponentialWeights: temperature is ${temperature}, expected above 0`);
  return rewards.map((reward) => {
    const weight = Math.exp((reward - centre) / temperature);
    if (weight > 0 && Number.isFinite(weight)) return weight;
    throw new RangeError(
      `exponentialWeights: reward ${reward} at temperature ${temperature} has weight ${weight}, expected one above 0 and finite`,
    );
  });
}
