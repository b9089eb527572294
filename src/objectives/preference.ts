/** Preference objectives: prefer one completion to another, relative to a reference (DPO, IPO). */
import { z } from 'zod';
import type { Objective } from '../engine/index.ts';
import { mul, neg, softplus, square, stopGradient, sub, sum, type Tensor } from '../tensor/index.ts';
import { composeObjective, type LossTerm } from './parts/term.ts';

export const preferenceOptions = z.strictObject({
  /** `sigmoid`: - log σ(βh) (DPO); `ipo`: (h - 1 / (2β))². */
  loss: z.enum(['sigmoid', 'ipo']).default('sigmoid'),
  /** β: how strongly the reference holds. */
  beta: z.number().gt(0).default(0.1),
});

type PreferenceOptions = z.output<typeof preferenceOptions>;

/** Loss of a pair whose margin is h. */
function pairLoss({ loss, beta }: PreferenceOptions, h: Tensor): Tensor {
  return loss === 'sigmoid' ? softplus(mul(neg(h), beta)) : square(sub(h, 1 / (2 * beta)));
}

/** f(h), of which each of the two rows of a pair carries half of the value and its own side's whole gradient. */
function preferred(options: PreferenceOptions): LossTerm {
  return {
    data: ['referenceLogprobs', 'side', 'partnerLogRatio'],
    evaluate({ logprobs, data }) {
      const logRatio = sum(sub(logprobs, data.referenceLogprobs), 1, { keepDims: true });
      const loss = pairLoss(options, mul(data.side, sub(logRatio, data.partnerLogRatio)));
      return { loss: sub(mul(loss, 2), stopGradient(loss)), metrics: {} };
    },
  };
}

/**
 * loss = mean over pairs of f(h), h = u(y_w) - u(y_l), u(y) = log π(y|x) - log π_ref(y|x), summed over the tokens of y
 *
 * with f(h) = - log σ(βh): Rafailov et al. 2023, "Direct Preference Optimization", Eq. 7; or f(h) = (h - 1 / (2β))²: Azar et
 * al. 2023, "A General Theoretical Paradigm to Understand Learning from Human Preferences" (IPO), Eq. 17, where h is a
 * margin in nats, so that β means another thing than in DPO.
 *
 * The two completions of a pair are two rows of the batch, which may be computed apart from each other. Each row reads
 * `referenceLogprobs`, `side` (1 on the preferred one, -1 on the other) and `partnerLogRatio` (u of the other row under the
 * weights at hand, from a forward pass just before), all spread over its tokens. With weights `sequence-mean` over both rows of
 * every pair, value and gradient are those of the loss above: ∂f/∂u_w comes from one row and ∂f/∂u_l from the other. A
 * partner's ratio from earlier weights makes the gradient another one.
 */
export function preference(options: z.input<typeof preferenceOptions> = {}): Objective {
  const parsed = preferenceOptions.parse(options);
  return composeObjective('preference', parsed, [preferred(parsed)]);
}
