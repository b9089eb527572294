/** Cutting sequences into padded batches of few distinct shapes: little padding, and few programs to compile. */

/** Rows of one padded batch. */
export interface RowBatch {
  /** Which sequences, in row order; fewer than `rows` when the last rows are padding. */
  indices: readonly number[];
  /** Padded number of rows. */
  rows: number;
  /** Padded number of tokens a row. */
  length: number;
}

/**
 * What one more run costs, in padded tokens: a little for itself, and its share of compiling one more shape, which
 * takes as long as learning from thousands of tokens.
 */
const RUN_COST = 1024;

/** The padded length for `tokens` tokens: steps of 8 up to 64, of 16 up to 128, of 64 up to 512, of 256 above. */
export function bucketLength(tokens: number): number {
  const step = tokens <= 64 ? 8 : tokens <= 128 ? 16 : tokens <= 512 ? 64 : 256;
  return Math.max(step, Math.ceil(tokens / step) * step);
}

/** The smallest power of two that is at least `n`. */
export function nextPowerOfTwo(n: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(1, n)));
}

/**
 * Batches of at most `maxTokens` padded tokens (one row at least): longest sequences first, equal padded lengths in
 * the given order. Neighbouring lengths share a batch where that costs less than another run. The cut depends on
 * nothing but the lengths.
 */
export function batchRows(lengths: readonly number[], maxTokens: number): RowBatch[] {
  const buckets = new Map<number, number[]>();
  lengths.forEach((tokens, i) => {
    const length = bucketLength(tokens);
    const bucket = buckets.get(length);
    if (bucket) bucket.push(i);
    else buckets.set(length, [i]);
  });
  const order = [...buckets.keys()].sort((a, b) => b - a);
  // best[i]: the cheapest way to batch the buckets from the i-th on, found from the back.
  const best: { cost: number; until: number }[] = new Array(order.length + 1);
  best[order.length] = { cost: 0, until: order.length };
  for (let i = order.length - 1; i >= 0; i--) {
    best[i] = { cost: Number.POSITIVE_INFINITY, until: i + 1 };
    let count = 0;
    for (let until = i + 1; until <= order.length; until++) {
      count += (buckets.get(order[until - 1]) as number[]).length;
      const cost = best[until].cost + costOf(count, order[i], maxTokens);
      if (cost < best[i].cost) best[i] = { cost, until };
    }
  }
  const batches: RowBatch[] = [];
  for (let i = 0; i < order.length; i = best[i].until) {
    const indices = order.slice(i, best[i].until).flatMap((length) => buckets.get(length) as number[]);
    const capacity = rowCapacity(order[i], maxTokens);
    for (let start = 0; start < indices.length; start += capacity) {
      const part = indices.slice(start, start + capacity);
      batches.push({ indices: part, rows: nextPowerOfTwo(part.length), length: order[i] });
    }
  }
  return batches;
}

function rowCapacity(length: number, maxTokens: number): number {
  return 2 ** Math.floor(Math.log2(Math.max(1, maxTokens / length)));
}

/** Padded tokens, and the runs' own cost, of `count` rows padded to `length`. */
function costOf(count: number, length: number, maxTokens: number): number {
  const capacity = rowCapacity(length, maxTokens);
  const whole = Math.floor(count / capacity);
  const rest = count - whole * capacity;
  const rows = whole * capacity + (rest > 0 ? nextPowerOfTwo(rest) : 0);
  return rows * length + (whole + (rest > 0 ? 1 : 0)) * RUN_COST;
}
