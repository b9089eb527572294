/** Importance ratios between the weights being trained and the weights that sampled, by token or by sequence. */
import { z } from 'zod';
import type { ObjectiveInputs } from '../../engine/index.ts';
import { add, div, exp, maximum, stopGradient, sub, sum, type Tensor } from '../../tensor/index.ts';
import { boundedLogRatio } from './bounded.ts';
import { klEstimate } from './kl.ts';

/** How wide a ratio looks. */
export const ratioLevel = z.enum(['token', 'sequence', 'sequence-token', 'sequence-product']);
export type RatioLevel = z.infer<typeof ratioLevel>;

/** e^x, with x limited to 20 from above. */
export function boundedExp(x: Tensor): Tensor {
  return exp(boundedLogRatio(x));
}

/**
 * Ratio of the new to the old probability. Reads `oldLogprobs`. With d_t = log π(o_t) - log π_old(o_t):
 *
 * - `token` [B,T]: e^{d_t} (Schulman et al. 2017, "Proximal Policy Optimization Algorithms", §3)
 * - `sequence` [B,1]: s = e^{mean of d over the row's masked tokens} (Zheng et al. 2025, "Group Sequence Policy
 *   Optimization", eq. 7)
 * - `sequence-token` [B,T]: stop(s) · π(o_t) / stop(π(o_t)): the value of `sequence`, with a gradient of each token's own
 *   (the same paper's GSPO-token, eq. 14), for advantages that differ between the tokens of a row
 * - `sequence-product` [B,1]: e^{sum of d}, the ratio of whole sequences (Ahmadian et al. 2024, "Back to Basics", and
 *   TRL's RLOO trainer)
 */
export function importanceRatio(inputs: ObjectiveInputs, level: RatioLevel): Tensor {
  const difference = sub(inputs.logprobs, inputs.data.oldLogprobs);
  if (level === 'token') return boundedExp(difference);
  const total = sum(difference, 1, { keepDims: true });
  if (level === 'sequence-product') return boundedExp(total);
  const mean = div(total, maximum(sum(inputs.mask, 1, { keepDims: true }), 1));
  if (level === 'sequence') return boundedExp(mean);
  return boundedExp(add(stopGradient(mean), sub(inputs.logprobs, stopGradient(inputs.logprobs))));
}

/** Mean ratio, and KL(old‖new) estimated by k3 on the sampled tokens: how far the weights moved from the sampler. */
export function ratioMetrics(inputs: ObjectiveInputs, ratio: Tensor): Record<string, Tensor> {
  return { ratioMean: ratio, approxKl: klEstimate(inputs.data.oldLogprobs, inputs.logprobs, 'k3') };
}
