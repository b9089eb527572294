/** One-token rollouts: at every place of given sequences, several draws of the token that comes next. */
import type { FrozenEngine } from '../engine/index.ts';
import { rng } from '../random/index.ts';

export interface OneTokenOptions {
  engine: FrozenEngine;
  sequences: readonly (readonly number[])[];
  /** 1 where tokens are drawn; one entry a token. */
  mask: readonly ArrayLike<number>[];
  vocabSize: number;
  /** K: draws a place, with replacement. */
  candidates: number;
  /** κ: draws are from softmax(log π / κ). */
  temperature: number;
  seed: number;
  /** Names the draws; each sequence has a stream of its own under it. */
  path: readonly (string | number)[];
}

export interface OneTokenDraws {
  /** [T·K] a sequence, row-major: drawn ids, 0 outside the mask. */
  candidates: Int32Array[];
  /** Share of the draws that are the sequence's own token; one entry a token, 0 outside the mask. */
  hits: Float32Array[];
}

/** Log-probabilities asked for in one forward pass. */
const MOST_SCORES = 2 ** 24;

/** Every id of the vocabulary at each of `places` places. */
function everyToken(places: number, vocabSize: number): Int32Array {
  const ids = new Int32Array(places * vocabSize);
  for (let i = 0; i < ids.length; i++) ids[i] = i % vocabSize;
  return ids;
}

/** Sequences in runs whose scores over the vocabulary fit in memory; each at least one. */
function runsOf(lengths: readonly number[], most: number): [from: number, to: number][] {
  const runs: [number, number][] = [];
  let from = 0;
  let tokens = 0;
  lengths.forEach((length, i) => {
    if (i > from && tokens + length > most) {
      runs.push([from, i]);
      [from, tokens] = [i, 0];
    }
    tokens += length;
  });
  if (lengths.length > from) runs.push([from, lengths.length]);
  return runs;
}

/** Sums of exp(log π / κ) up to each id. */
function cumulative(logprobs: Float32Array, from: number, sums: Float64Array, temperature: number): void {
  let total = 0;
  for (let v = 0; v < sums.length; v++) {
    total += Math.exp(logprobs[from + v] / temperature);
    sums[v] = total;
  }
}

/** The first id whose sum is above u. */
function pick(sums: Float64Array, u: number): number {
  let low = 0;
  let high = sums.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sums[middle] > u) high = middle;
    else low = middle + 1;
  }
  return low;
}

/**
 * Draws K next tokens at every masked place, given the sequence's own tokens before it (teacher forcing): one forward pass of the
 * sequences, no decoding. Token t is predicted from those before it, so nothing is drawn for the first. The draws of a
 * sequence depend on its place in the list, not on the other sequences.
 */
export async function oneTokenDraws(options: OneTokenOptions): Promise<OneTokenDraws> {
  const { engine, sequences, mask, vocabSize, candidates: k, temperature, seed, path } = options;
  const drawn: OneTokenDraws = { candidates: [], hits: [] };
  const sums = new Float64Array(vocabSize);
  const lengths = sequences.map((tokens) => tokens.length);
  for (const [from, to] of runsOf(lengths, Math.floor(MOST_SCORES / vocabSize))) {
    const some = sequences.slice(from, to);
    const ids = some.map((tokens) => everyToken(tokens.length, vocabSize));
    const { candidates: scores = [] } = await engine.forward(some, { candidates: { k: vocabSize, ids } });
    some.forEach((tokens, i) => {
      const chosen = new Int32Array(tokens.length * k);
      const hits = new Float32Array(tokens.length);
      const random = rng(seed, ...path, from + i);
      for (let t = 1; t < tokens.length; t++) {
        if (!(mask[from + i][t] > 0)) continue;
        cumulative(scores[i], t * vocabSize, sums, temperature);
        let found = 0;
        for (let j = 0; j < k; j++) {
          const id = pick(sums, random.uniform() * sums[vocabSize - 1]);
          chosen[t * k + j] = id;
          if (id === tokens[t]) found++;
        }
        hits[t] = found / k;
      }
      drawn.candidates.push(chosen);
      drawn.hits.push(hits);
    });
  }
  return drawn;
}
