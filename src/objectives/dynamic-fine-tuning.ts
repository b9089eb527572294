/** Dynamic fine-tuning: imitation in proportion to how likely the model finds each token already. */
import { z } from 'zod';
import type { Objective } from '../engine/index.ts';
import { exp, mul, neg, stopGradient } from '../tensor/index.ts';
import { composeObjective, type LossTerm } from './parts/term.ts';

export const dynamicFineTuningOptions = z.strictObject({});

/** - sg[π(x)] log π(x); metric `nll`, without the weight. */
const weightedLikelihood: LossTerm = {
  data: [],
  evaluate({ logprobs }) {
    const nll = neg(logprobs);
    return { loss: mul(stopGradient(exp(logprobs)), nll), metrics: { nll } };
  },
};

/**
 * loss = - Σ weight · sg[π(x)] log π(x), with sg the stop-gradient. Wu et al. 2025, "On the Generalization of SFT: A Reinforcement
 * Learning Perspective with Reward Rectification" (DFT). Its gradient is that of - Σ weight · π(x).
 */
export function dynamicFineTuning(options: z.input<typeof dynamicFineTuningOptions> = {}): Objective {
  return composeObjective('dynamic-fine-tuning', dynamicFineTuningOptions.parse(options), [
    weightedLikelihood,
  ]);
}
