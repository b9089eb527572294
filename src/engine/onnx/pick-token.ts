/** Drawing the next token from a row of probabilities. */
import type { Rng } from '../../random/index.ts';

/** How a token is drawn; see `SamplingParams`. */
export interface PickSettings {
  temperature: number;
  topK?: number;
  topP?: number;
  minP?: number;
}

export interface Picked {
  token: number;
  /** Log-probability (nats) under the unmodified softmax of the logits. */
  logprob: number;
}

/** Keeps a product with a log-probability within float32. */
const SHARPEST = 1e30;

/** What rows of tokens are drawn from: [rows, vocabulary] each. */
export interface NextTokens {
  /** Log-probabilities (nats) under the unmodified softmax. */
  logprobs: Float32Array;
  /** Probabilities at the picker's temperature (`sharpness`). */
  weights: Float32Array;
}

/**
 * Draws tokens by inverting the cumulative distribution: one uniform a token, none at temperature 0.
 * Filters apply in the usual order: temperature, top-k, top-p, min-p; the likeliest token always survives.
 * Equal probabilities are kept in order of token id.
 */
export class TokenPicker {
  /** 1 / temperature: what log-probabilities are multiplied by before `NextTokens.weights` are taken; 1 at temperature 0. */
  readonly sharpness: number;
  private readonly settings: PickSettings;
  private readonly filters: boolean;
  private sorted = new Float32Array(0);

  /** Throws a RangeError naming the setting that is out of range. */
  constructor(settings: PickSettings) {
    const { temperature, topK, topP, minP } = settings;
    const check = (name: string, value: number | undefined, ok: (v: number) => boolean, expected: string) => {
      if (value !== undefined && !ok(value))
        throw new RangeError(`${name}: got ${value}, expected ${expected}`);
    };
    check('temperature', temperature, (v) => v >= 0 && Number.isFinite(v), 'a finite number of at least 0');
    check('topK', topK, (v) => Number.isInteger(v) && v >= 1, 'an integer of at least 1');
    check('topP', topP, (v) => v > 0 && v <= 1, 'a number in (0, 1]');
    check('minP', minP, (v) => v >= 0 && v <= 1, 'a number in [0, 1]');
    this.settings = settings;
    this.sharpness = temperature > 0 ? Math.min(1 / temperature, SHARPEST) : 1;
    this.filters = topK !== undefined || (topP ?? 1) < 1 || (minP ?? 0) > 0;
  }

  /** Draws from row `row` of `size` tokens; fills `into`. Throws when the row is not finite. */
  pick(next: NextTokens, row: number, size: number, rng: Rng, into: Picked): void {
    const start = row * size;
    let token: number;
    if (this.settings.temperature === 0) token = likeliest(next.logprobs, start, size);
    else if (this.filters) token = this.drawFiltered(next.weights.subarray(start, start + size), rng);
    else token = draw(next.weights, start, size, rng.uniform());
    const logprob = next.logprobs[start + token];
    if (!Number.isFinite(logprob))
      throw new Error(
        `the model's log-probability of token ${token} is ${logprob}: its weights are not finite`,
      );
    into.token = token;
    into.logprob = logprob;
  }

  private drawFiltered(weights: Float32Array, rng: Rng): number {
    const { topK = weights.length, topP = 1, minP = 0 } = this.settings;
    const floor = minP * weights[likeliest(weights, 0, weights.length)];
    // Lighter tokens survive no filter: those below (1 - topP) / V weigh 1 - topP together at most.
    const least =
      topK < weights.length
        ? this.nthLargest(weights, topK)
        : Math.max(floor, topP < 1 ? (1 - topP) / weights.length : 0);
    const order: number[] = [];
    for (let i = 0; i < weights.length; i++) if (weights[i] > 0 && weights[i] >= least) order.push(i);
    order.sort((a, b) => weights[b] - weights[a] || a - b);
    if (order.length > topK) order.length = topK;
    let kept = order.length;
    if (topP < 1) {
      const within = topK < weights.length ? order.reduce((sum, token) => sum + weights[token], 0) : 1;
      let sum = 0;
      for (let i = 0; i < kept; i++) {
        sum += weights[order[i]];
        if (sum >= topP * within) kept = i + 1;
      }
    }
    while (kept > 1 && weights[order[kept - 1]] < floor) kept--;
    let total = 0;
    for (let i = 0; i < kept; i++) total += weights[order[i]];
    let left = rng.uniform() * total;
    for (let i = 0; i < kept - 1; i++) {
      left -= weights[order[i]];
      if (left < 0) return order[i];
    }
    return order[kept - 1];
  }

  private nthLargest(weights: Float32Array, n: number): number {
    if (this.sorted.length !== weights.length) this.sorted = new Float32Array(weights.length);
    this.sorted.set(weights);
    return this.sorted.sort()[weights.length - n];
  }
}

/** Index of the largest of x[start .. start + size - 1], counted from start; the first of equals. */
function likeliest(x: Float32Array, start: number, size: number): number {
  let best = 0;
  for (let i = 1; i < size; i++) if (x[start + i] > x[start + best]) best = i;
  return best;
}

/** The token whose share of [0, 1) holds `uniform`; the last with a share where rounding leaves a gap at the end. */
function draw(weights: Float32Array, start: number, size: number, uniform: number): number {
  let left = uniform;
  let last = 0;
  for (let i = 0; i < size; i++) {
    const weight = weights[start + i];
    left -= weight;
    if (left < 0) return i;
    if (weight > 0) last = i;
  }
  return last;
}
