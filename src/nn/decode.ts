/** One decoding step of the transformer over a key-value cache, as traced functions; sampling only, no gradient. */
import { add, cast, matmul, reshape, rotary, softmax, type Tensor, writeRows } from '../tensor/index.ts';
import { type Attend, blocks, type Model, reachMask, rotaryTables } from './transformer.ts';

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
  const places = cast(position, 'i64');
  const position64 = reshape(places, [rows, 1]);
  const mask = reshape(reachMask(column, capacity), [rows, 1, 1, capacity]);
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
