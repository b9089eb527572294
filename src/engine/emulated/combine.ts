/** Adds what fine-tuning changed in one model to the next-token distribution of another. */

/** What fine-tuning changed: log-probabilities (nats) of the same V tokens by the tuned model and by the one it was tuned from. */
export interface TuningDelta {
  tuned: ArrayLike<number>;
  reference: ArrayLike<number>;
  /** 1 is emulated fine-tuning; above 1 amplifies, several deltas with weights that add up to 1 interpolate. */
  weight: number;
}

/** Whether each token is among the fewest likeliest ones whose probabilities reach p. */
function nucleus(logprobs: ArrayLike<number>, p: number): boolean[] {
  const order = Array.from(logprobs, (_, i) => i).sort((a, b) => logprobs[b] - logprobs[a] || a - b);
  const within = new Array<boolean>(order.length).fill(false);
  let sum = 0;
  for (const token of order) {
    if (sum >= p) break;
    within[token] = true;
    sum += Math.exp(logprobs[token]);
  }
  return within;
}

/**
 * Log-probabilities [V] of the emulated model (Mitchell et al. 2023, "An Emulator for Fine-Tuning Large Language Models",
 * eq. 4 at the level of tokens):
 *
 *     log π̃(v) = base(v) + Σ_i w_i (tuned_i(v) - reference_i(v)) - log Z
 *
 * `topP` below 1 adds a delta only to the tokens that the tuned model finds likely (its fewest likeliest tokens whose
 * probabilities reach it). A token that is impossible to the base stays so; one that is impossible to both models of a pair
 * has no delta. Throws a RangeError when lengths differ, or when nothing remains possible.
 */
export function emulatedLogprobs(
  base: ArrayLike<number>,
  deltas: readonly TuningDelta[],
  topP = 1,
): Float64Array {
  const out = Float64Array.from(base);
  deltas.forEach(({ tuned, reference, weight }, i) => {
    for (const [name, row] of Object.entries({ tuned, reference }))
      if (row.length !== out.length)
        throw new RangeError(
          `emulatedLogprobs: deltas[${i}].${name} has ${row.length} tokens, expected the base's ${out.length}`,
        );
    if (weight === 0) return;
    const counts = topP < 1 ? nucleus(tuned, topP) : undefined;
    for (let v = 0; v < out.length; v++) {
      if (counts?.[v] === false || out[v] === -Infinity || tuned[v] === reference[v]) continue;
      out[v] += weight * (tuned[v] - reference[v]);
    }
  });
  let top = -Infinity;
  for (const x of out) top = Math.max(top, x);
  if (!Number.isFinite(top))
    throw new RangeError(
      `emulatedLogprobs: the largest log-probability is ${top}, expected at least one possible token`,
    );
  let total = 0;
  for (const x of out) total += Math.exp(x - top);
  const shift = top + Math.log(total);
  for (let v = 0; v < out.length; v++) out[v] -= shift;
  return out;
}

/** Probabilities at a temperature, of log-probabilities; at 0 all on the likeliest token, the first of equals. */
export function atTemperature(logprobs: ArrayLike<number>, temperature: number): Float64Array {
  const out = new Float64Array(logprobs.length);
  let best = 0;
  for (let v = 1; v < out.length; v++) if (logprobs[v] > logprobs[best]) best = v;
  if (temperature === 0) {
    out[best] = 1;
    return out;
  }
  let total = 0;
  for (let v = 0; v < out.length; v++) {
    out[v] = Math.exp((logprobs[v] - logprobs[best]) / temperature);
    total += out[v];
  }
  for (let v = 0; v < out.length; v++) out[v] /= total;
  return out;
}
