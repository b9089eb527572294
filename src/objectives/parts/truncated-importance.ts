/** Correction for a sampler whose probabilities differ from the trainer's under the same weights. */
import { z } from 'zod';
import { minimum, mul, stopGradient, sub } from '../../tensor/index.ts';
import { boundedExp } from './ratio.ts';
import type { LossTerm } from './term.ts';

export const truncatedImportanceOption = {
  /** Largest weight of a token; absent: the sampler is trusted, and `samplerLogprobs` is not read. */
  truncatedImportance: z.number().positive().optional(),
};

/**
 * A surrogate times min(π_old(o_t) / π_sampler(o_t), cap), without gradient (Yao et al. 2025, "Your Efficient RL Framework
 * Secretly Brings You Off-Policy RL Training", truncated importance sampling). `oldLogprobs` are then the trainer's and
 * `samplerLogprobs` the sampler's. Metric `samplerWeight` is the mean weight.
 */
export function truncatedImportance(term: LossTerm, cap: number | undefined): LossTerm {
  if (cap === undefined) return term;
  return {
    needs: term.needs,
    data: [...term.data, 'oldLogprobs', 'samplerLogprobs'],
    evaluate(inputs) {
      const { loss, metrics } = term.evaluate(inputs);
      const ratio = boundedExp(sub(inputs.data.oldLogprobs, inputs.data.samplerLogprobs));
      const samplerWeight = stopGradient(minimum(ratio, cap));
      return { loss: loss && mul(loss, samplerWeight), metrics: { ...metrics, samplerWeight } };
    },
  };
}
