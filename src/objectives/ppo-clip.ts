/** Proximal policy optimisation with a value head. */
import { z } from 'zod';
import type { Objective } from '../engine/index.ts';
import { clipOptions, clippedSurrogate } from './parts/clipped-surrogate.ts';
import { regulariserOptions, regularisers } from './parts/regularisers.ts';
import { composeObjective } from './parts/term.ts';
import { truncatedImportance, truncatedImportanceOption } from './parts/truncated-importance.ts';
import { valueLoss, valueOptions } from './parts/value-loss.ts';

export const ppoClipOptions = z.strictObject({
  ...clipOptions,
  ...valueOptions,
  ...regulariserOptions,
  ...truncatedImportanceOption,
});

/**
 * loss = Σ weight · [ - min(r_t A_t, clip(r_t, 1 - clipLow, 1 + clipHigh) A_t) + c_v · ½ (V_t - R_t)² + β KL - c H ],
 * with r_t = π(o_t) / π_old(o_t)
 *
 * Schulman et al. 2017, "Proximal Policy Optimization Algorithms", eq. 7 and 9; advantages and returns by `gae`. Every term
 * has the same weights: use token-mean for the paper's expectations. Needs the value head; reads `advantages`,
 * `oldLogprobs`, `returns`, and `oldValues` with valueClip.
 */
export function ppoClip(options: z.input<typeof ppoClipOptions> = {}): Objective {
  const parsed = ppoClipOptions.parse(options);
  return composeObjective('ppo-clip', parsed, [
    truncatedImportance(clippedSurrogate(parsed, 'token'), parsed.truncatedImportance),
    valueLoss(parsed),
    ...regularisers(parsed),
  ]);
}
