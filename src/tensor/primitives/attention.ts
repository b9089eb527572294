/** Rotary positions, and the cached attention kernel that decoding uses. */
import { type Shape, ShapeError, sameShape, show } from '../shape.ts';
import { apply, applyAll, definePrimitive, expectType, type Tensor } from '../tensor.ts';

const rotaryPrimitive = definePrimitive<{ heads: number }>({
  name: 'rotary',
  infer: ([x, positions, cos, sin], { heads }) => {
    expectType('rotary', x, 'f32');
    expectType('rotary', positions, 'i64');
    const width = 2 * cos.shape[1] * heads;
    if (x.shape.length !== 3 || x.shape[2] !== width || cos.shape.join() !== sin.shape.join())
      throw new ShapeError(
        `rotary: x ${show(x.shape)} with tables ${show(cos.shape)} and ${show(sin.shape)}, expected [B,T,${width}]`,
      );
    if (positions.shape.join() !== '1' && positions.shape.join() !== x.shape.slice(0, 2).join())
      throw new ShapeError(`rotary: positions ${show(positions.shape)} do not fit x ${show(x.shape)}`);
    return [x];
  },
  emit: (e, inputs, { attributes: { heads } }) => [
    e.contrib('RotaryEmbedding', inputs, {
      interleaved: { i: 0 },
      num_heads: { i: heads },
      rotary_embedding_dim: { i: 0 },
    }),
  ],
});

/**
 * Rotates the two halves of every head by position (Su et al., 2021; half-split layout as in Llama checkpoints).
 * x [B, T, heads·D], positions int64 [B, T] or [1] (the first position of every row), cos and sin [maxPositions, D/2].
 * No gradient flows to the tables.
 */
export function rotary(x: Tensor, positions: Tensor, cos: Tensor, sin: Tensor, heads: number): Tensor {
  return apply(rotaryPrimitive, [x, positions, cos, sin], { heads });
}

interface CachedAttention {
  heads: number;
  kvHeads: number;
  rotary: boolean;
}

const cachedAttentionPrimitive = definePrimitive<CachedAttention>({
  name: 'cachedAttention',
  infer: (inputs, { heads, kvHeads }) => {
    const [query, key, value, pastKey, pastValue, lastIndex, total, ...tables] = inputs;
    for (const x of [query, key, value, pastKey, pastValue, ...tables])
      expectType('cachedAttention', x, 'f32');
    for (const x of [lastIndex, total]) expectType('cachedAttention', x, 'i32');
    const [rows, width] = query.shape;
    const unit = tables.length > 0 ? 16 : 8;
    if (pastKey.shape.length !== 4 || pastKey.shape[3] % unit !== 0)
      throw new ShapeError(
        `cachedAttention: the cache is ${show(pastKey.shape)}, expected [B,${kvHeads},capacity,D] with D a multiple of ${unit} (query ${show(query.shape)})`,
      );
    const [, , capacity, size] = pastKey.shape;
    const expected: [name: string, x: Tensor, shape: Shape][] = [
      ['query', query, [rows, width, heads * size]],
      ['key', key, [rows, width, kvHeads * size]],
      ['value', value, [rows, width, kvHeads * size]],
      ['pastKey', pastKey, [rows, kvHeads, capacity, size]],
      ['pastValue', pastValue, [rows, kvHeads, capacity, size]],
      ['lastIndex', lastIndex, [rows]],
      ['total', total, []],
    ];
    if (tables.length > 0)
      for (const [i, x] of tables.entries()) expected.push([`table ${i}`, x, [tables[0].shape[0], size / 2]]);
    for (const [name, x, shape] of expected)
      if (!sameShape(x.shape, shape))
        throw new ShapeError(
          `cachedAttention: ${name} is ${show(x.shape)}, expected ${show(shape)} for query ${show(query.shape)}, cache ${show(pastKey.shape)}, ${heads} heads and ${kvHeads} key-value heads`,
        );
    return [query, pastKey, pastValue];
  },
  emit: (e, inputs, { attributes: { heads, kvHeads, rotary } }) =>
    e.contribN('GroupQueryAttention', inputs, 3, {
      num_heads: { i: heads },
      kv_num_heads: { i: kvHeads },
      do_rotary: { i: rotary ? 1 : 0 },
    }),
});

/**
 * Causal grouped-query attention over a key-value cache; sampling only, no gradient.
 * query [B, S, heads·D], key and value [B, S, kvHeads·D], caches [B, kvHeads, capacity, D],
 * `lastIndex` int32 [B] = index of the newest token of each row, `total` int32 scalar = longest row,
 * rotary tables [maxPositions, D/2] to rotate inside (D a multiple of 16), or undefined when q and k are rotated. Returns the output and the caches' new values:
 * bind a cache's input and output to the same memory to update it in place.
 */
export function cachedAttention(
  inputs: {
    query: Tensor;
    key: Tensor;
    value: Tensor;
    pastKey: Tensor;
    pastValue: Tensor;
    lastIndex: Tensor;
    total: Tensor;
  },
  tables: { cos: Tensor; sin: Tensor } | undefined,
  shape: { heads: number; kvHeads: number },
): { output: Tensor; key: Tensor; value: Tensor } {
  const { query, key, value, pastKey, pastValue, lastIndex, total } = inputs;
  const [output, newKey, newValue] = applyAll(
    cachedAttentionPrimitive,
    [query, key, value, pastKey, pastValue, lastIndex, total, ...(tables ? [tables.cos, tables.sin] : [])],
    { heads: shape.heads, kvHeads: shape.kvHeads, rotary: tables !== undefined },
  );
  return { output, key: newKey, value: newValue };
}
