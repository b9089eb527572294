/** Rotary positions. */
import { ShapeError, show } from '../shape.ts';
import { apply, definePrimitive, expectType, type Tensor } from '../tensor.ts';

const rotaryPrimitive = definePrimitive<{ heads: number }>({
  name: 'rotary',
  infer: ([x, positions, cos, sin], { heads }) => {
    expectType('rotary', x, 'f32');
    expectType('rotary', positions, 'i64');
    const size = 2 * cos.shape[1];
    const fits =
      x.shape.length === 4 ? x.shape[1] === heads && x.shape[3] === size : x.shape[2] === heads * size;
    if (x.shape.length < 3 || x.shape.length > 4 || !fits || cos.shape.join() !== sin.shape.join())
      throw new ShapeError(
        `rotary: x ${show(x.shape)} with tables ${show(cos.shape)} and ${show(sin.shape)}, expected [B,T,${heads * size}] or [B,${heads},T,${size}]`,
      );
    const tokens = [x.shape[0], x.shape.at(-2)];
    if (positions.shape.join() !== '1' && positions.shape.join() !== tokens.join())
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
 * x [B, T, heads·D] or [B, heads, T, D], positions int64 [B, T] or [1] (the first position of every row), cos and sin [maxPositions, D/2].
 * No gradient flows to the tables.
 */
export function rotary(x: Tensor, positions: Tensor, cos: Tensor, sin: Tensor, heads: number): Tensor {
  return apply(rotaryPrimitive, [x, positions, cos, sin], { heads });
}
