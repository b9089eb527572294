/** Speculative decoding: which of the drafted tokens stand, and what comes after them, so that the law is the target's own. */
import type { Rng } from '../../random/index.ts';

/** A token drawn from weights that need not add up to 1. */
function drawFrom(weights: ArrayLike<number>, random: Rng): number {
  let total = 0;
  for (let v = 0; v < weights.length; v++) total += weights[v];
  let left = random.uniform() * total;
  let last = 0;
  for (let v = 0; v < weights.length; v++) {
    if (weights[v] <= 0) continue;
    last = v;
    left -= weights[v];
    if (left < 0) return v;
  }
  return last;
}

/**
 * Judges one drafted token: it stands with probability min(1, p / q); else another is drawn from normalise(max(p - q, 0))
 * (Leviathan et al. 2023, "Fast Inference from Transformers via Speculative Decoding", algorithm 1). With the token drawn
 * from `draft`, what comes out is drawn from `target`, both [V].
 */
export function judgeDraft(
  token: number,
  target: ArrayLike<number>,
  draft: ArrayLike<number>,
  random: Rng,
): { token: number; stands: boolean } {
  if (random.uniform() * draft[token] < target[token]) return { token, stands: true };
  const rest = Float64Array.from(target, (p, v) => Math.max(0, p - draft[v]));
  // Rounding can leave nothing where the two are equal.
  return { token: drawFrom(rest.some((x) => x > 0) ? rest : target, random), stands: false };
}
