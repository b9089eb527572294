/** Rotary positions. */
import { ShapeError, show } from '../shape.ts';
import { apply, definePrimitive, expectType, type Tensor } from '../tensor.ts';

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
