/** Generalised advantage estimation: per-token advantages from a value head. */

export interface GaeInputs {
  /** Reward of each token; see `tokenRewards`. */
  rewards: ArrayLike<number>;
  /** Value of the state before each token, under the weights that sampled. */
  values: ArrayLike<number>;
  /** 1 where the model made the token. */
  mask: ArrayLike<number>;
  /** Discount, in [0, 1]. */
  gamma: number;
  /** 0: one-step temporal differences; 1: whole returns. */
  lambda: number;
}

/**
 * δ_t = r_t + γ V_{t+1} - V_t, A_t = δ_t + γ λ A_{t+1}, R_t = A_t + V_t, over the masked tokens of one sequence.
 *
 * Schulman et al. 2016, "High-Dimensional Continuous Control Using Generalized Advantage Estimation", eq. 16. Tokens outside
 * the mask are skipped: the successor of a token is the next masked one, and the value after the last is 0. Both results
 * are 0 outside the mask. Throws a RangeError when lengths differ, or gamma or lambda leave [0, 1].
 */
export function gae({ rewards, values, mask, gamma, lambda }: GaeInputs): {
  advantages: number[];
  returns: number[];
} {
  const length = mask.length;
  if (rewards.length !== length || values.length !== length)
    throw new RangeError(
      `gae: rewards, values and mask have ${rewards.length}, ${values.length} and ${length} entries, expected equal lengths`,
    );
  for (const [name, x] of Object.entries({ gamma, lambda }))
    if (!(x >= 0 && x <= 1)) throw new RangeError(`gae: ${name} is ${x}, expected 0 to 1`);
  const advantages = new Array<number>(length).fill(0);
  const returns = new Array<number>(length).fill(0);
  let nextAdvantage = 0;
  let nextValue = 0;
  for (let t = length - 1; t >= 0; t--) {
    if (!(mask[t] > 0)) continue;
    const delta = rewards[t] + gamma * nextValue - values[t];
    nextAdvantage = delta + gamma * lambda * nextAdvantage;
    nextValue = values[t];
    advantages[t] = nextAdvantage;
    returns[t] = nextAdvantage + values[t];
  }
  return { advantages, returns };
}
