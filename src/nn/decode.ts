/** One decoding step of the transformer over a key-value cache, as traced functions; sampling only, no gradient. */
import {
  add,
  cast,
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

/**
 * Traced key-value cache of one layer: keys and values [rows · kvHeads · capacity, D] each. Token t of a row's head
 * lies at (row · kvHeads + head) · capacity + t.
 */
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
  const [rows] = ids.shape;
  const lists = rows * kvHeads;
  const capacity = cache[0].key.shape[0] / lists;
  const keyTables = rotaryTables(model.config, capacity);
  // The scale of the scores is in the tables that rotate the queries.
  const queryTables = rotaryTables(model.config, capacity, 1 / Math.sqrt(headDim));
  const column = reshape(position, [rows, 1]);
  const position64 = cast(column, 'i64');
  const places = cast(reshape(add(listStarts(rows, kvHeads, capacity), column), [lists]), 'i64');
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
    const rotated = (x: Tensor, { cos, sin }: typeof keyTables, count: number) =>
      rotary(reshape(x, [rows, 1, -1]), position64, cos, sin, count);
    const query = reshape(rotated(q, queryTables, heads), [lists, heads / kvHeads, headDim]);
    const key = writeRows(
      cache[layer].key,
      places,
      reshape(rotated(k, keyTables, kvHeads), [lists, headDim]),
    );
    const value = writeRows(cache[layer].value, places, reshape(v, [lists, headDim]));
    updated.push({ key, value });
    const filled = (x: Tensor) => reshape(x, [lists, capacity, headDim]);
    const scores = reshape(matmul(query, filled(key), { transposeB: true }), [rows, kvHeads, -1, capacity]);
    const weights = reshape(softmax(add(scores, mask)), [lists, -1, capacity]);
    return reshape(matmul(weights, filled(value)), [rows, heads * headDim]);
  };
  return { hidden: blocks(model, ids, attend), cache: updated };
}

/** Where each row's heads begin in the cache: int32 [rows, kvHeads]. */
function listStarts(rows: number, kvHeads: number, capacity: number): Tensor {
  return constant(
    Int32Array.from({ length: rows * kvHeads }, (_, i) => i * capacity),
    [rows, kvHeads],
  );
}
