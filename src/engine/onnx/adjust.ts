/** Changes a row's probabilities before a token is drawn: biases, penalties, and what a grammar forbids. */
import type { NextTokens } from './pick-token.ts';

export interface Adjustments {
  /** Added to logits, by token id. */
  bias: ReadonlyMap<number, number>;
  /** Taken off once a token has been drawn. */
  presencePenalty: number;
  /** Taken off for every time it has been. */
  frequencyPenalty: number;
}

/** Nothing to change. */
export const NO_ADJUSTMENTS: Adjustments = { bias: new Map(), presencePenalty: 0, frequencyPenalty: 0 };

/** Whether there is nothing to change. */
export const changesNothing = ({ bias, presencePenalty, frequencyPenalty }: Adjustments) =>
  bias.size === 0 && presencePenalty === 0 && frequencyPenalty === 0;

/** What is allowed must weigh this much for its shares of it to be exact to float32. */
const LEAST_WEIGHT = 1e-30;

/**
 * The next token's distribution of one row with adjustments. `allowed`: bit mask of the tokens that may come, 32 a number;
 * absent: all. Weights sum to 1 over what is allowed; log-probabilities are up to a constant. Memory is that of the adjuster,
 * until the next call.
 */
export class Adjuster {
  private readonly adjustments: Adjustments;
  private readonly sharpness: number;
  private readonly counts = new Map<number, number>();
  private readonly plain: boolean;
  private readonly out: NextTokens;
  /** Ids of what is allowed. */
  private readonly kept: Int32Array;

  constructor(adjustments: Adjustments, vocabulary: number, sharpness: number) {
    this.adjustments = adjustments;
    this.sharpness = sharpness;
    this.plain = changesNothing(adjustments);
    this.out = { logprobs: new Float32Array(vocabulary), weights: new Float32Array(vocabulary) };
    this.kept = new Int32Array(vocabulary);
  }

  /** Counts a token that was drawn. */
  drawn(token: number): void {
    this.counts.set(token, (this.counts.get(token) ?? 0) + 1);
  }

  apply(next: NextTokens, row: number, allowed?: Int32Array): NextTokens {
    if (this.plain && allowed !== undefined && this.restrict(next, row, allowed)) return this.out;
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

  /**
   * Keeps what is allowed, with the weights that the model gave: no exponentials, and nothing but what is allowed is looked at.
   * False where that weighs too little.
   */
  private restrict(next: NextTokens, row: number, allowed: Int32Array): boolean {
    const { logprobs, weights } = this.out;
    const start = row * logprobs.length;
    logprobs.fill(-Infinity);
    weights.fill(0);
    let count = 0;
    let total = 0;
    for (let word = 0; word < allowed.length; word++)
      for (let bits = allowed[word]; bits !== 0; bits &= bits - 1) {
        const i = 32 * word + 31 - Math.clz32(bits & -bits);
        if (i >= logprobs.length) break;
        logprobs[i] = next.logprobs[start + i];
        weights[i] = next.weights[start + i];
        total += weights[i];
        this.kept[count++] = i;
      }
    // Written so that weights which are not numbers are not taken either.
    if (!(total >= LEAST_WEIGHT)) return false;
    for (let k = 0; k < count; k++) weights[this.kept[k]] /= total;
    return true;
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
