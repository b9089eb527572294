/** Supervised cross-entropy: imitate the tokens of the batch. */
import { z } from 'zod';
import type { Objective } from '../engine/index.ts';
import { neg } from '../tensor/index.ts';
import { composeObjective, type LossTerm, required } from './parts/term.ts';

export const crossEntropyOptions = z.strictObject({
  /** Also report how many tokens the model would have chosen itself. */
  accuracy: z.boolean().optional(),
});

/** - log π(o_t); metric `nll`, its mean in nats a token. */
const negativeLogLikelihood: LossTerm = {
  data: [],
  evaluate({ logprobs }) {
    const loss = neg(logprobs);
    return { loss, metrics: { nll: loss } };
  },
};

/** Metric `accuracy`: the share of tokens that are the likeliest at their places. */
const tokenAccuracy: LossTerm = {
  needs: { likeliest: true },
  data: [],
  evaluate: ({ likeliest }) => ({ metrics: { accuracy: required(likeliest, 'likeliest') } }),
};

/** loss = - Σ weight · log π(o_t): maximum likelihood. With token-mean weights, the mean negative log-likelihood in nats. */
export function crossEntropy(options: z.input<typeof crossEntropyOptions> = {}): Objective {
  const { accuracy = false } = crossEntropyOptions.parse(options);
  return composeObjective(
    'cross-entropy',
    accuracy ? { accuracy } : {},
    accuracy ? [negativeLogLikelihood, tokenAccuracy] : [negativeLogLikelihood],
  );
}
