/** Estimators of KL(p‖q) from tokens drawn from p: Schulman 2020, "Approximating KL Divergence". */
import { z } from 'zod';
import { exp, mul, square, sub, type Tensor } from '../../tensor/index.ts';
import { boundedLogRatio, MAX_LOG_RATIO } from './bounded.ts';

export const klEstimator = z.enum(['k1', 'k2', 'k3']);
export type KlEstimator = z.infer<typeof klEstimator>;

/**
 * Per-token estimate, with l = log q - log p (both in nats):
 *
 * - k1 = -l: unbiased, of high variance, may be negative. As a loss its expected gradient is zero: use it as a reward.
 * - k2 = l² / 2: biased, of low variance; its gradient is the gradient of KL(p‖q).
 * - k3 = e^l - 1 - l: unbiased, of low variance, never negative (Shao et al. 2024, "DeepSeekMath", eq. 4); l is limited to
 *   20 from above, so that a token which p has all but forgotten cannot overflow.
 */
export function klEstimate(logP: Tensor, logQ: Tensor, estimator: KlEstimator): Tensor {
  if (estimator === 'k1') return sub(logP, logQ);
  const l = sub(logQ, logP);
  if (estimator === 'k2') return mul(square(l), 0.5);
  const bounded = boundedLogRatio(l);
  return sub(sub(exp(bounded), 1), bounded);
}

/** The same estimate of one token, in plain numbers. */
export function klOfToken(logP: number, logQ: number, estimator: KlEstimator): number {
  if (estimator === 'k1') return logP - logQ;
  const l = logQ - logP;
  if (estimator === 'k2') return l ** 2 / 2;
  const bounded = Math.min(l, MAX_LOG_RATIO);
  return Math.expm1(bounded) - bounded;
}

/**
 * KL estimates of a sequence's tokens, 0 outside the mask; to be subtracted, times a coefficient, from rewards.
 * Throws a RangeError when lengths differ.
 */
export function klPenalty(
  logprobs: ArrayLike<number>,
  reference: ArrayLike<number>,
  estimator: KlEstimator,
  mask: ArrayLike<number>,
): number[] {
  if (logprobs.length !== reference.length || logprobs.length !== mask.length)
    throw new RangeError(
      `klPenalty: logprobs, reference and mask have ${logprobs.length}, ${reference.length} and ${mask.length} entries, expected equal lengths`,
    );
  return Array.from(mask, (m, t) => (m > 0 ? klOfToken(logprobs[t], reference[t], estimator) : 0));
}
