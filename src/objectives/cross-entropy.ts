/** Supervised cross-entropy: imitate the tokens of the batch. */
import { z } from 'zod';
import type { Objective } from '../engine/index.ts';
import { neg } from '../tensor/index.ts';
import { composeObjective, type LossTerm } from './parts/term.ts';

export const crossEntropyOptions = z.strictObject({});

/** - log π(o_t); metric `nll`, its mean in nats a token. */
const negativeLogLikelihood: LossTerm = {
  data: [],
  evaluate({ logprobs }) {
    const loss = neg(logprobs);
    return { loss, metrics: { nll: loss } };
  },
};

/** loss = - Σ weight · log π(o_t): maximum likelihood. With token-mean weights, the mean negative log-likelihood in nats. */
export function crossEntropy(options: z.input<typeof crossEntropyOptions> = {}): Objective {
  return composeObjective('cross-entropy', crossEntropyOptions.parse(options), [negativeLogLikelihood]);
}
