/** Changes a row's probabilities before a token is drawn: biases, penalties, and what a grammar forbids. */
import type { NextTokens } from '../../engine/index.ts';

export interface Adjustments {
  /** Added to logits, by token id. */
  bias: ReadonlyMap<number, number>;
  /** Taken off once a token has been drawn. */
  presencePenalty: number;
  /** Taken off for every time it has been. */
  frequencyPenalty: number;
}

/** Whether there is nothing to change. */
export const changesNothing = ({ bias, presencePenalty, frequencyPenalty }: Adjustments) =>
  bias.size === 0 && presencePenalty === 0 && frequencyPenalty === 0;

/**
 * The next token's distribution of one row with adjustments. `allowed`: bit mask of the tokens that may come, 32 a number;
 * absent: all. Log-probabilities are renormalised over what is allowed. Memory is that of the adjuster, until the next call.
 */
export class Adjuster {
  private readonly adjustments: Adjustments;
  private readonly sharpness: number;
  private readonly counts = new Map<number, number>();
  private readonly out: NextTokens;

  constructor(adjustments: Adjustments, vocabulary: number, sharpness: number) {
    this.adjustments = adjustments;
    this.sharpness = sharpness;
    this.out = { logprobs: new Float32Array(vocabulary), weights: new Float32Array(vocabulary) };
  }

  /** Counts a token that was drawn. */
  drawn(token: number): void {
    this.counts.set(token, (this.counts.get(token) ?? 0) + 1);
  }

  apply(next: NextTokens, row: number, allowed?: Int32Array): NextTokens {
    const { bias, presencePenalty, frequencyPenalty } = this.adjustments;
    const { logprobs, weights } = this.out;
    const size = logprobs.length;
    logprobs.set(next.logprobs.subarray(row * size, (row + 1) * size));
    for (const [token, amount] of bias) if (token < size) logprobs[token] += amount;
    if (presencePenalty !== 0 || frequencyPenalty !== 0)
      for (const [token, count] of this.counts) logprobs[token] -= presencePenalty + count * frequencyPenalty;
    if (allowed !== undefined)
      for (let i = 0; i < size; i++) if (((allowed[i >> 5] >> (i & 31)) & 1) === 0) logprobs[i] = -Infinity;
    normalise(logprobs);
    let total = 0;
    for (let i = 0; i < size; i++) {
      // Relative to the likeliest, so that sharp distributions do not vanish.
      weights[i] = Math.exp(logprobs[i] * this.sharpness);
      total += weights[i];
    }
    for (let i = 0; i < size; i++) weights[i] /= total;
    return this.out;
  }
}

/** Subtracts the logarithm of the sum of exponentials. */
function normalise(x: Float32Array): void {
  let most = -Infinity;
  for (let i = 0; i < x.length; i++) if (x[i] > most) most = x[i];
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += Math.exp(x[i] - most);
  const level = most + Math.log(sum);
  for (let i = 0; i < x.length; i++) x[i] -= level;
}
