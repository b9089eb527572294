/** Whole next-token distributions of an engine after many prefixes of sequences, in parallel passes. */
import type { FrozenEngine } from '../engine.ts';

/** Most floats of distributions asked for in one call. */
const CALL_FLOATS = 2 ** 24;

/**
 * For each sequence the log-probabilities (nats) of ids 0 … vocab - 1 after its first `from[i]` tokens, after one more, … and
 * after all of them: [length - from + 1, vocab], row-major. `from` counts from 1. All of a sequence is read in one pass.
 */
export async function nextLogprobs(
  engine: FrozenEngine,
  sequences: readonly (readonly number[])[],
  from: readonly number[],
  vocab: number,
): Promise<Float32Array[]> {
  const results: Float32Array[] = [];
  const idsOf = new Map<number, Int32Array>();
  const ids = (length: number) => {
    let known = idsOf.get(length);
    if (known === undefined) {
      known = Int32Array.from({ length: length * vocab }, (_, i) => i % vocab);
      idsOf.set(length, known);
    }
    return known;
  };
  for (let start = 0; start < sequences.length; ) {
    // Entry t of a score speaks of token t: one more token, whichever, asks what follows the last.
    const batch: number[][] = [];
    for (let floats = 0; start < sequences.length; start++) {
      floats += (sequences[start].length + 1) * vocab;
      if (batch.length > 0 && floats > CALL_FLOATS) break;
      batch.push([...sequences[start], 0]);
    }
    const want = { candidates: { k: vocab, ids: batch.map((tokens) => ids(tokens.length)) } };
    const { candidates } = await engine.forward(batch, want);
    if (candidates === undefined)
      throw new Error('nextLogprobs: the engine returned no log-probabilities of candidates');
    for (const all of candidates) results.push(all.subarray(from[results.length] * vocab));
  }
  return results;
}
