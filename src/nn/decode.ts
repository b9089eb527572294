/** One decoding step of the transformer over a key-value cache, as traced functions; sampling only, no gradient. */
import {
  add,
  broadcastTo,
  cast,
  concat,
  constant,
  lessOrEqual,
  matmul,
  reshape,
  rotary,
  softmax,
  type Tensor,
  where,
  writeRows,
} from '../tensor/index.ts';
import { type Attend, blocks, MASKED, type Model, rotaryTables } from './transformer.ts';

/** Traced key-value cache of one layer: keys and values [rows, kvHeads, capacity, D] each. */
export interface LayerCache {
  key: Tensor;
  value: Tensor;
}

/**
 * Hidden states [R, hiddenSize] of the newest token of every row, reading and extending a cache.
 * ids int32 [R]; `position` int32 [R] is that token's position, below the capacity. The cache must hold finite numbers
 * everywhere: what lies beyond a row's position is read, with weight zero.
 *
 * Attention is two plain batched products over the whole capacity. On a CPU a step is bound by reading the cache, and
 * memory without gaps is read 2-3 times as fast as the kernel that reads each row up to its own length
 * (docs/architecture.md): keep the capacity close to the longest row.
 */
export function decodeHidden(
  model: Model,
  ids: Tensor,
  cache: readonly LayerCache[],
  position: Tensor,
): { hidden: Tensor; cache: LayerCache[] } {
  const { heads, kvHeads, headDim } = model.config;
  const [rows, , capacity] = cache[0].key.shape;
  const keyTables = rotaryTables(model.config, capacity);
  // The scale of the scores is in the tables that rotate the queries.
  const queryTables = rotaryTables(model.config, capacity, 1 / Math.sqrt(headDim));
  const column = reshape(position, [rows, 1]);
  const position64 = cast(column, 'i64');
  const places = placesOf(position64, rows, kvHeads);
  const reached = lessOrEqual(
    constant(
      Int32Array.from({ length: capacity }, (_, t) => t),
      [1, capacity],
    ),
    column,
  );
  const mask = reshape(where(reached, 0, MASKED), [rows, 1, 1, capacity]);
  const updated: LayerCache[] = [];

  const attend: Attend = (q, k, v, layer) => {
    const byHead = (x: Tensor, count: number) => reshape(x, [rows, count, 1, headDim]);
    const rotated = (x: Tensor, { cos, sin }: typeof keyTables, count: number) =>
      rotary(byHead(x, count), position64, cos, sin, count);
    const query = reshape(rotated(q, queryTables, heads), [rows, kvHeads, heads / kvHeads, headDim]);
    const key = writeRows(cache[layer].key, places, rotated(k, keyTables, kvHeads));
    const value = writeRows(cache[layer].value, places, byHead(v, kvHeads));
    updated.push({ key, value });
    const weights = softmax(add(matmul(query, key, { transposeB: true }), mask));
    return reshape(matmul(weights, value), [rows, heads * headDim]);
  };
  return { hidden: blocks(model, ids, attend), cache: updated };
}

/** Where each row's heads write their newest token: (row, head, position), int64 [rows, kvHeads, 1, 3]. */
function placesOf(position: Tensor, rows: number, kvHeads: number): Tensor {
  const heads = new BigInt64Array(rows * kvHeads * 2);
  for (let i = 0; i < rows * kvHeads; i++) {
    heads[2 * i] = BigInt(Math.floor(i / kvHeads));
    heads[2 * i + 1] = BigInt(i % kvHeads);
  }
  const each = broadcastTo(reshape(position, [rows, 1, 1, 1]), [rows, kvHeads, 1, 1]);
  return concat([constant(heads, [rows, kvHeads, 1, 2]), each], 3);
}
