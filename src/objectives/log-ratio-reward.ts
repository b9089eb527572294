/** How much likelier one model finds a completion than another: a reward without labels. */
import { z } from 'zod';

export const logRatioOptions = z.strictObject({
  /** Each token's log ratio is kept within plus and minus this many nats; absent: as it is. */
  tokenClip: z.number().gt(0).optional(),
  /** `sum` over the tokens, or their `mean`, which does not grow with length. */
  over: z.enum(['sum', 'mean']).default('sum'),
});

export interface LogRatioInputs {
  /** Log-probabilities (nats) under the model that is to be moved towards. */
  towards: ArrayLike<number>;
  /** Under the model that is to be moved away from. */
  from: ArrayLike<number>;
  /** 1 where a token counts. */
  mask: ArrayLike<number>;
}

/**
 * r(x, y) = Σ_j [ log π_towards(y_j | x, y_<j) - log π_from(y_j | x, y_<j) ] over the masked tokens, 0 where there is none.
 *
 * Zhang et al. 2025, "Self-Rewarding PPO", coherent reward: π_towards is the model after supervised training on demonstrations,
 * π_from the one before. Its mean over samples of π_towards is KL(π_towards‖π_from). With a penalty β KL(π‖π_towards) the best
 * policy is π_towards · (π_towards / π_from)^{1/β} up to a factor; with β KL(π‖π_from) it is π_from · (π_towards / π_from)^{1/β},
 * at β = 1 π_towards itself. Throws a RangeError when lengths differ.
 */
export function logRatioReward(
  { towards, from, mask }: LogRatioInputs,
  { tokenClip = Infinity, over }: z.output<typeof logRatioOptions>,
): number {
  if (towards.length !== from.length || towards.length !== mask.length)
    throw new RangeError(
      `logRatioReward: towards, from and mask have ${towards.length}, ${from.length} and ${mask.length} entries, expected equal lengths`,
    );
  let total = 0;
  let tokens = 0;
  for (let t = 0; t < mask.length; t++) {
    if (!(mask[t] > 0)) continue;
    total += Math.max(-tokenClip, Math.min(tokenClip, towards[t] - from[t]));
    tokens++;
  }
  return over === 'mean' && tokens > 0 ? total / tokens : total;
}
