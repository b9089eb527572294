/** The clipped surrogate of PPO, shared by PPO, GRPO, DAPO and GSPO. */
import { z } from 'zod';
import {
  and,
  cast,
  clip,
  greater,
  less,
  maximum,
  minimum,
  mul,
  neg,
  or,
  type Tensor,
  where,
} from '../../tensor/index.ts';
import { importanceRatio, type RatioLevel, ratioMetrics } from './ratio.ts';
import type { LossTerm } from './term.ts';

export const clipOptions = {
  /** Ratios are clipped from below at 1 - clipLow. */
  clipLow: z.number().min(0).max(1).default(0.2),
  /** Ratios are clipped from above at 1 + clipHigh; above clipLow: "clip-higher" of DAPO. */
  clipHigh: z.number().min(0).default(0.2),
  /** Bound c > 1 on the ratio where the advantage is negative; absent: none. */
  dualClip: z.number().gt(1).optional(),
};

interface ClipOptions {
  clipLow: number;
  clipHigh: number;
  dualClip?: number;
}

/**
 * - min(r A, clip(r, 1 - clipLow, 1 + clipHigh) A)
 *
 * Schulman et al. 2017, "Proximal Policy Optimization Algorithms", eq. 7, negated; two bounds as in Yu et al. 2025, "DAPO",
 * eq. 8. With dualClip c, where A < 0: - max(min(...), c A) (Ye et al. 2020, "Mastering Complex Control in MOBA Games",
 * dual-clip PPO). Reads `advantages` and `oldLogprobs`.
 *
 * Metrics: ratioMean, approxKl, and the shares of tokens whose clip cuts the gradient: clipShareLow (r < 1 - clipLow and
 * A < 0), clipShareHigh (r > 1 + clipHigh and A > 0), and clipShare, their sum.
 */
export function clippedSurrogate({ clipLow, clipHigh, dualClip }: ClipOptions, level: RatioLevel): LossTerm {
  return {
    data: ['advantages', 'oldLogprobs'],
    evaluate(inputs) {
      const advantages = inputs.data.advantages;
      const ratio = importanceRatio(inputs, level);
      const clipped = clip(ratio, 1 - clipLow, 1 + clipHigh);
      const gain = minimum(mul(ratio, advantages), mul(clipped, advantages));
      const low = and(less(ratio, 1 - clipLow), less(advantages, 0));
      const high = and(greater(ratio, 1 + clipHigh), greater(advantages, 0));
      return {
        loss: neg(dualClip === undefined ? gain : dualClipped(gain, advantages, dualClip)),
        metrics: {
          ...ratioMetrics(inputs, ratio),
          clipShare: cast(or(low, high), 'f32'),
          clipShareLow: cast(low, 'f32'),
          clipShareHigh: cast(high, 'f32'),
        },
      };
    },
  };
}

function dualClipped(gain: Tensor, advantages: Tensor, bound: number): Tensor {
  return where(less(advantages, 0), maximum(gain, mul(advantages, bound)), gain);
}
