/** The transformer over tokens that follow others whose keys and values are known, as a traced function; no gradient. */
import {
  add,
  attention,
  broadcastTo,
  cast,
  concat,
  constant,
  reshape,
  rotary,
  type Tensor,
  transpose,
} from '../tensor/index.ts';
import {
  type Attend,
  attendOnce,
  blocks,
  causalMask,
  inRows,
  type LayerKeys,
  type Model,
  reachMask,
  rotaryTables,
} from './transformer.ts';

/** What is known of the tokens before. */
export interface Past {
  /** Rotated keys and values [B, kvHeads, room, D] of every layer; finite numbers where nothing is known. */
  layers: readonly LayerKeys[];
  /** int32 [B]: how many tokens are known, from the first on; at most `room`. */
  length: Tensor;
}

/**
 * Hidden states [B, hiddenSize] of one token of each row, number `last` int32 [B] of those that are read, and the keys and values
 * of all that are read: ids int32 [B, T], the tokens that follow the known ones.
 */
export function extendHidden(
  model: Model,
  ids: Tensor,
  last: Tensor,
  { layers: past, length: known }: Past,
): { hidden: Tensor; layers: LayerKeys[] } {
  const { config } = model;
  const { heads, kvHeads, headDim } = config;
  const [batch, length] = ids.shape;
  const room = past[0].key.shape[2];
  const tables = rotaryTables(config, room + length);
  const column = reshape(known, [batch, 1]);
  const steps = constant(
    Int32Array.from({ length }, (_, t) => t),
    [1, length],
  );
  const positions = cast(add(column, steps), 'i64');
  const lastKnown = add(column, constant(Int32Array.of(-1), [1, 1]));
  const before = reshape(reachMask(lastKnown, room), [batch, 1, 1, room]);
  const masks = concat(
    [
      broadcastTo(before, [batch, 1, length, room]),
      broadcastTo(causalMask(0, length), [batch, 1, length, length]),
    ],
    3,
  );
  const read: LayerKeys[] = [];

  const attend: Attend = (q, k, v, layer) => {
    const byHead = (x: Tensor, count: number) =>
      transpose(reshape(x, [batch, length, count, headDim]), [0, 2, 1, 3]);
    const rotated = (x: Tensor, count: number) =>
      byHead(rotary(reshape(x, [batch, length, -1]), positions, tables.cos, tables.sin, count), count);
    const key = rotated(k, kvHeads);
    const value = byHead(v, kvHeads);
    read.push({ key, value });
    const keys = concat([past[layer].key, key], 2);
    const values = concat([past[layer].value, value], 2);
    const scale = 1 / Math.sqrt(headDim);
    if (layer < config.layers - 1) {
      const mixed = attention(rotated(q, heads), keys, values, masks, scale);
      return reshape(transpose(mixed, [0, 2, 1, 3]), [batch * length, heads * headDim]);
    }
    const own = reshape(reachMask(reshape(last, [batch, 1]), length), [batch, 1, 1, length]);
    const position = reshape(add(known, last), [batch, 1]);
    return attendOnce(q, keys, values, position, concat([before, own], 3), tables, config);
  };
  const hidden = blocks(model, ids, attend, { wanted: inRows(last, length) });
  return { hidden, layers: read };
}
