/** CISPO: clip the importance weight, not the update, so that every token keeps its gradient. */
import { z } from 'zod';
import type { Objective } from '../engine/index.ts';
import { cast, clip, greater, less, mul, neg, or, stopGradient } from '../tensor/index.ts';
import { importanceRatio, ratioMetrics } from './parts/ratio.ts';
import { regulariserOptions, regularisers } from './parts/regularisers.ts';
import { composeObjective, type LossTerm } from './parts/term.ts';
import { truncatedImportance, truncatedImportanceOption } from './parts/truncated-importance.ts';

export const cispoOptions = z.strictObject({
  /** Importance weights are clipped from below at 1 - clipLow; absent: not at all, as in the paper's experiments. */
  clipLow: z.number().min(0).max(1).optional(),
  /** Importance weights are clipped from above at 1 + clipHigh. */
  clipHigh: z.number().min(0).default(0.28),
  ...regulariserOptions,
  ...truncatedImportanceOption,
});

/** - stop(clip(r_t, 1 - clipLow, 1 + clipHigh)) A_t log π(o_t). Clip shares count tokens whose weight was clipped. */
function clippedWeight(low: number, high: number): LossTerm {
  return {
    data: ['advantages', 'oldLogprobs'],
    evaluate(inputs) {
      const ratio = importanceRatio(inputs, 'token');
      const weight = stopGradient(clip(ratio, low, high));
      const below = less(ratio, low);
      const above = greater(ratio, high);
      return {
        loss: neg(mul(weight, mul(inputs.data.advantages, inputs.logprobs))),
        metrics: {
          ...ratioMetrics(inputs, ratio),
          clipShare: cast(or(below, above), 'f32'),
          clipShareLow: cast(below, 'f32'),
          clipShareHigh: cast(above, 'f32'),
        },
      };
    },
  };
}

/**
 * loss = Σ weight · [ - stop(clip(r_t, 1 - clipLow, 1 + clipHigh)) A_t log π(o_t) + β KL - c H ],
 * with r_t = π(o_t) / π_old(o_t)
 *
 * MiniMax 2025, "MiniMax-M1", eq. 4 and 5; weights token-mean, advantages divided by the group's std. Reads `advantages` and
 * `oldLogprobs`. TRL's `epsilon_high` is the bound itself, 1 + clipHigh.
 */
export function cispo(options: z.input<typeof cispoOptions> = {}): Objective {
  const parsed = cispoOptions.parse(options);
  const low = parsed.clipLow === undefined ? Number.NEGATIVE_INFINITY : 1 - parsed.clipLow;
  const surrogate = clippedWeight(low, 1 + parsed.clipHigh);
  return composeObjective('cispo', parsed, [
    truncatedImportance(surrogate, parsed.truncatedImportance),
    ...regularisers(parsed),
  ]);
}
