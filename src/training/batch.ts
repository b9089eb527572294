/** From attempts and examples to the batches that engines learn from. */
import type { TrainingBatch } from '../engine/index.ts';
import { type Aggregation, lossWeights } from '../objectives/index.ts';

/** One sequence to learn from; per-token lists have one entry a token. */
export interface Row {
  tokens: readonly number[];
  /** 1 where the loss looks. */
  mask: ArrayLike<number>;
  /** Named per-token data of the objective. */
  data: Readonly<Record<string, ArrayLike<number>>>;
  /** False where the row's gradient is zero whatever the weights: it counts in the means, and is not computed. */
  active?: boolean;
}

export interface BatchOptions {
  aggregation: Aggregation;
  /** What constant-length divides by. */
  maxLength?: number;
}

/**
 * A batch of the active rows, weighted as part of all rows. Undefined when no row is active.
 * Metrics that an objective averages are then means over the active rows only.
 */
export function rowsToBatch(rows: readonly Row[], options: BatchOptions): TrainingBatch | undefined {
  const weights = lossWeights(
    rows.map((row) => row.mask),
    options.aggregation,
    { maxLength: options.maxLength },
  );
  const chosen = rows.flatMap((row, i) => (row.active === false ? [] : [{ row, weight: weights[i] }]));
  if (chosen.length === 0) return undefined;
  const names = Object.keys(chosen[0].row.data);
  return {
    sequences: chosen.map(({ row }) => row.tokens),
    mask: chosen.map(({ row }) => row.mask),
    weight: chosen.map(({ weight }) => weight),
    data: Object.fromEntries(names.map((name) => [name, chosen.map(({ row }) => row.data[name])])),
  };
}

/** One number for every masked token, 0 elsewhere. */
export function spread(value: number, mask: ArrayLike<number>): Float32Array {
  return Float32Array.from(mask, (m) => (m > 0 ? value : 0));
}
