/** Drawing the next token from a row of logits. */
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

/**
 * Draws tokens by inverting the cumulative distribution: one uniform a token, none at temperature 0.
 * Filters apply in the usual order: temperature, top-k, top-p, min-p; the likeliest token always survives.
 * Equal probabilities are kept in order of token id.
 */
export class TokenPicker {
  private readonly settings: PickSettings;
  private weights = new Float64Array(0);

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
  }

  /** Draws from logits[start .. start + size - 1]; fills `into`. Throws when one is NaN or none is finite. */
  pick(logits: Float32Array, start: number, size: number, rng: Rng, into: Picked): void {
    if (this.weights.length < size) this.weights = new Float64Array(size);
    const { weights, settings } = this;
    let best = 0;
    let top = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < size; i++) {
      const x = logits[start + i];
      if (x > top) {
        top = x;
        best = i;
      }
    }
    if (!Number.isFinite(top))
      throw new Error(`the model's largest logit is ${top}: its weights are not finite`);
    let total = 0;
    for (let i = 0; i < size; i++) {
      const w = Math.exp(logits[start + i] - top);
      weights[i] = w;
      total += w;
    }
    if (Number.isNaN(total)) throw new Error("one of the model's logits is NaN: its weights are not finite");
    const logTotal = Math.log(total);
    let token = best;
    if (settings.temperature > 0) {
      if (settings.temperature !== 1) {
        total = 0;
        for (let i = 0; i < size; i++) {
          const w = Math.exp((logits[start + i] - top) / settings.temperature);
          weights[i] = w;
          total += w;
        }
      }
      if (settings.topK !== undefined || settings.topP !== undefined || settings.minP !== undefined)
        total = this.filter(size);
      let left = rng.uniform() * total;
      for (let i = 0; i < size; i++) {
        left -= weights[i];
        if (left < 0) {
          token = i;
          break;
        }
      }
    }
    into.token = token;
    into.logprob = logits[start + token] - top - logTotal;
  }

  /** Zeroes the weights that the filters drop; returns what is left in all. */
  private filter(size: number): number {
    const { topK = size, topP = 1, minP = 0 } = this.settings;
    const { weights } = this;
    const order = Array.from({ length: size }, (_, i) => i).sort((a, b) => weights[b] - weights[a] || a - b);
    let kept = Math.min(topK, size);
    if (topP < 1) {
      let within = 0;
      for (let i = 0; i < kept; i++) within += weights[order[i]];
      let sum = 0;
      for (let i = 0; i < kept; i++) {
        sum += weights[order[i]];
        if (sum >= topP * within) kept = i + 1;
      }
    }
    const floor = minP * weights[order[0]];
    let total = 0;
    for (let i = 0; i < size; i++) {
      const w = weights[order[i]];
      if (i > 0 && (i >= kept || w < floor)) weights[order[i]] = 0;
      else total += w;
    }
    return total;
  }
}
