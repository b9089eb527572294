/** How per-token losses become one number: the weight of every token of a batch. */
import { z } from 'zod';

export const aggregation = z.enum(['token-mean', 'sequence-mean', 'sequence-sum', 'constant-length']);
export type Aggregation = z.infer<typeof aggregation>;

export interface LossWeightOptions {
  /** The constant that constant-length divides by: usually the completion limit, in tokens. */
  maxLength?: number;
  /** Sequences to average over. Default: those of the batch, also the ones without a masked token. */
  sequences?: number;
}

/**
 * Weights of the tokens of a whole batch such that loss = Σ weight · (loss of the token). With n_i masked tokens in
 * sequence i, and B sequences, a masked token weighs
 *
 * - `token-mean`: 1 / Σ n_i (Yu et al. 2025, "DAPO", eq. 8)
 * - `sequence-mean`: 1 / (B n_i) (Shao et al. 2024, "DeepSeekMath", eq. 3)
 * - `sequence-sum`: 1 / B (Williams 1992; Ahmadian et al. 2024, RLOO)
 * - `constant-length`: 1 / (B maxLength) (Liu et al. 2025, "Understanding R1-Zero-Like Training", Dr. GRPO)
 *
 * Tokens outside the mask weigh 0. Compute weights once for a batch and then split it as you like: losses and gradients
 * of the parts add up to those of the whole.
 * Throws a RangeError for constant-length without a positive maxLength, or when `sequences` is not positive.
 */
export function lossWeights(
  masks: readonly ArrayLike<number>[],
  kind: Aggregation,
  options: LossWeightOptions = {},
): number[][] {
  const { maxLength, sequences = masks.length } = options;
  if (masks.length > 0 && !(sequences > 0))
    throw new RangeError(`lossWeights: sequences is ${sequences}, expected a positive number`);
  if (kind === 'constant-length' && !(maxLength !== undefined && maxLength > 0))
    throw new RangeError(
      `lossWeights: maxLength is ${maxLength}, expected a positive number for constant-length`,
    );
  const counts = masks.map((mask) => Array.from(mask).filter((m) => m > 0).length);
  const tokens = counts.reduce((total, n) => total + n, 0);
  return masks.map((mask, i) => {
    const divisor = {
      'token-mean': tokens,
      'sequence-mean': sequences * counts[i],
      'sequence-sum': sequences,
      'constant-length': sequences * (maxLength ?? 1),
    }[kind];
    return Array.from(mask, (m) => (m > 0 ? 1 / divisor : 0));
  });
}
