/** Attention of queries over keys and values, with its gradient in the fewest passes over the matrix of weights. */
import { type Shape, ShapeError, show } from '../shape.ts';
import { applyAll, definePrimitive, expectType, type Tensor } from '../tensor.ts';

const attentionPrimitive = definePrimitive<{ scale: number }>({
  name: 'attention',
  infer: ([q, k, v, mask]) => {
    for (const x of [q, k, v, mask]) expectType('attention', x, 'f32');
    const [batch, heads, length, size] = q.shape;
    const [, kvHeads, keys] = k.shape;
    const fits = (x: Tensor, shape: Shape) => x.shape.join() === shape.join();
    if (
      [q, k, v, mask].some((x) => x.shape.length !== 4) ||
      heads % kvHeads !== 0 ||
      !fits(k, [batch, kvHeads, keys, size]) ||
      !fits(v, [batch, kvHeads, keys, v.shape[3]]) ||
      !(fits(mask, [1, 1, length, keys]) || fits(mask, [batch, 1, length, keys]))
    )
      throw new ShapeError(
        `attention: q ${show(q.shape)}, k ${show(k.shape)}, v ${show(v.shape)} and mask ${show(mask.shape)}, ` +
          'expected [B,H,T,D], [B,K,S,D], [B,K,S,E] and [B or 1,1,T,S] with H a multiple of K',
      );
    return [
      { dtype: 'f32', shape: [batch, heads, length, v.shape[3]] },
      { dtype: 'f32', shape: [batch, heads, length, keys] },
    ];
  },
  emit: (e, [q, k, v, mask], node) => {
    const [batch, heads, length, size] = node.inputs[0].shape;
    const [, kvHeads] = node.inputs[1].shape;
    const grouped = heads !== kvHeads;
    const rows = (heads / kvHeads) * length;
    const folded = (x: string, width: number) =>
      grouped ? e.node('Reshape', [x, e.ints([batch, kvHeads, rows, width])]) : x;
    const unfolded = (x: string, shape: Shape) => (grouped ? e.node('Reshape', [x, e.ints(shape)]) : x);
    const [mixed, weights] = node.outputs.map((x) => x.shape);
    const scores = e.contrib('FusedMatMul', [folded(q, size), k], {
      transB: { i: 1 },
      alpha: { f: node.attributes.scale },
    });
    const masked = e.node('Add', [unfolded(scores, weights), mask]);
    const softmax = e.node('Softmax', [masked], { axis: { i: -1 } });
    return [unfolded(e.node('MatMul', [folded(softmax, weights[3]), v]), mixed), softmax];
  },
});

/**
 * softmax(scale · q kᵀ + mask) v: q [B, H, T, D], k [B, K, S, D], v [B, K, S, E], mask [B or 1, 1, T, S] → [B, H, T, E].
 * H is a multiple of K; each key-value head serves H / K query heads in a row.
 */
export function attention(q: Tensor, k: Tensor, v: Tensor, mask: Tensor, scale: number): Tensor {
  return applyAll(attentionPrimitive, [q, k, v, mask], { scale })[0];
}
