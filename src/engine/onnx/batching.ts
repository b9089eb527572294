/** Cutting sequences into padded batches of few distinct shapes, so that few programs are compiled. */

/** Rows of one padded batch. */
export interface RowBatch {
  /** Which sequences, in row order; shorter than `rows` when the last rows are padding. */
  indices: readonly number[];
  /** Padded number of rows. */
  rows: number;
  /** Padded number of tokens a row. */
  length: number;
}

/** The padded length for `tokens` tokens: steps of 16 up to 128, of 64 up to 512, of 256 above. */
export function bucketLength(tokens: number): number {
  const step = tokens <= 128 ? 16 : tokens <= 512 ? 64 : 256;
  return Math.max(step, Math.ceil(tokens / step) * step);
}

/** The smallest power of two that is at least `n`. */
export function nextPowerOfTwo(n: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(1, n)));
}

/**
 * Batches of at most `maxTokens` padded tokens (one row at least): longest sequences first, equal lengths in the
 * given order, so that the cut depends on nothing but the lengths.
 */
export function batchRows(lengths: readonly number[], maxTokens: number): RowBatch[] {
  const order = lengths.map((_, i) => i).sort((a, b) => lengths[b] - lengths[a] || a - b);
  const batches: RowBatch[] = [];
  for (let start = 0; start < order.length; ) {
    const length = bucketLength(lengths[order[start]]);
    const capacity = Math.max(1, 2 ** Math.floor(Math.log2(maxTokens / length)));
    const indices = order.slice(start, start + capacity);
    batches.push({ indices, rows: Math.min(capacity, nextPowerOfTwo(indices.length)), length });
    start += indices.length;
  }
  return batches;
}
