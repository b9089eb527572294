/** Terms that hold a policy back: KL to a reference in the loss, and an entropy bonus. */
import { z } from 'zod';
import { mul } from '../../tensor/index.ts';
import { klEstimate, klEstimator } from './kl.ts';
import { importanceRatio, type RatioLevel } from './ratio.ts';
import { type LossTerm, required } from './term.ts';

export const klLossOptions = z.strictObject({
  estimator: klEstimator.default('k3'),
  /** Weight of the KL in the loss; 0 only reports it. */
  coefficient: z.number().min(0),
  /** Multiply each token's KL by the importance ratio, so that its gradient is unbiased off policy. */
  importanceWeighted: z.boolean().default(false),
});

/** Options that every policy-gradient objective has. */
export const regulariserOptions = {
  /** KL to `referenceLogprobs`, in the loss. Absent: no reference is read. */
  kl: klLossOptions.optional(),
  /** Weight of the entropy bonus; 0: none. */
  entropyCoefficient: z.number().min(0).default(0),
  /** Report the policy's entropy even without a bonus (it costs one more pass over the vocabulary). */
  reportEntropy: z.boolean().default(false),
};

interface Regularisers {
  kl?: z.infer<typeof klLossOptions>;
  entropyCoefficient: number;
  reportEntropy: boolean;
}

/** The terms that the options ask for; `level` is the ratio that importance weighting of the KL uses. */
export function regularisers(options: Regularisers, level: RatioLevel = 'token'): LossTerm[] {
  const terms: LossTerm[] = [];
  if (options.kl) terms.push(klTerm(options.kl, level));
  if (options.entropyCoefficient > 0 || options.reportEntropy)
    terms.push(entropyTerm(options.entropyCoefficient));
  return terms;
}

/**
 * + β · KL(π‖π_ref), estimated on each sampled token (Shao et al. 2024, "DeepSeekMath", eq. 3 and 4); importance-weighted:
 * + β · ratio · KL (DeepSeek-AI 2025, "DeepSeek-V3.2", unbiased KL estimate). Metric `kl` is the plain estimate.
 */
function klTerm(
  { estimator, coefficient, importanceWeighted }: z.infer<typeof klLossOptions>,
  level: RatioLevel,
): LossTerm {
  const weighted = importanceWeighted && coefficient > 0;
  return {
    data: weighted ? ['referenceLogprobs', 'oldLogprobs'] : ['referenceLogprobs'],
    evaluate(inputs) {
      const kl = klEstimate(inputs.logprobs, inputs.data.referenceLogprobs, estimator);
      if (coefficient === 0) return { metrics: { kl } };
      const counted = weighted ? mul(importanceRatio(inputs, level), kl) : kl;
      return { loss: mul(counted, coefficient), metrics: { kl } };
    },
  };
}

/** - c · H(π(·|s_t)) (Williams and Peng 1991; Mnih et al. 2016, "Asynchronous Methods", §4). Metric `entropy`, in nats. */
function entropyTerm(coefficient: number): LossTerm {
  return {
    needs: { entropy: true },
    data: [],
    evaluate(inputs) {
      const entropy = required(inputs.entropy, 'entropy');
      return { loss: coefficient > 0 ? mul(entropy, -coefficient) : undefined, metrics: { entropy } };
    },
  };
}
