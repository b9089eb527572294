/** Whitening: per-token advantages of a batch with mean 0 and variance 1. */
import { mean, standardDeviation } from './rewards.ts';

export interface WhitenOptions {
  /** The variance divides by n - ddof (default 1). */
  ddof?: 0 | 1;
  /** Added to the variance (default 1e-8). */
  epsilon?: number;
  /** False only scales and keeps the mean. */
  centre?: boolean;
}

/**
 * (A - mean) / sqrt(var + ε) over all masked tokens of the batch, 0 outside the mask. Engstrom et al. 2020,
 * "Implementation Matters in Deep Policy Gradients"; the form of Ziegler et al. 2019's code. Returns are taken before.
 */
export function whiten(
  advantages: readonly ArrayLike<number>[],
  masks: readonly ArrayLike<number>[],
  { ddof = 1, epsilon = 1e-8, centre = true }: WhitenOptions = {},
): number[][] {
  const chosen = advantages.flatMap((row, i) => Array.from(row).filter((_, t) => masks[i][t] > 0));
  const shift = mean(chosen);
  const scale = 1 / Math.sqrt(standardDeviation(chosen, ddof) ** 2 + epsilon);
  return advantages.map((row, i) =>
    Array.from(row, (a, t) => (masks[i][t] > 0 ? (a - shift) * scale + (centre ? 0 : shift) : 0)),
  );
}
