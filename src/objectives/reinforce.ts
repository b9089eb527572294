/** REINFORCE: the policy gradient itself, for tokens sampled by the weights being trained. */
import { z } from 'zod';
import type { Objective } from '../engine/index.ts';
import { mul, neg } from '../tensor/index.ts';
import { regulariserOptions, regularisers } from './parts/regularisers.ts';
import { composeObjective, type LossTerm } from './parts/term.ts';

export const reinforceOptions = z.strictObject(regulariserOptions);

/** - A_t log π(o_t); its gradient is the policy gradient, its value means nothing. */
const scoreFunction: LossTerm = {
  data: ['advantages'],
  evaluate: ({ logprobs, data }) => ({ loss: neg(mul(data.advantages, logprobs)), metrics: {} }),
};

/**
 * loss = Σ weight · [ - A_t log π(o_t) + β KL - c H ]
 *
 * Williams 1992, "Simple Statistical Gradient-Following Algorithms for Connectionist Reinforcement Learning". With leave-one-out advantages and sequence-sum
 * weights it is RLOO (Ahmadian et al. 2024, "Back to Basics: Revisiting REINFORCE Style
 * Optimization", the RLOO estimator). Reads `advantages`.
 */
export function reinforce(options: z.input<typeof reinforceOptions> = {}): Objective {
  const parsed = reinforceOptions.parse(options);
  return composeObjective('reinforce', parsed, [scoreFunction, ...regularisers(parsed)]);
}
