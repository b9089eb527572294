/** Primitives that move values without changing them: reshape, transpose, broadcast, slice, pad, concat. */
import { broadcastShapes, elements, normalAxis, type Shape, ShapeError, sameShape, show } from '../shape.ts';
import { apply, definePrimitive, expectType, type Tensor } from '../tensor.ts';

const reshapePrimitive = definePrimitive<{ shape: Shape }>({
  name: 'reshape',
  infer: ([x], { shape }) => {
    if (shape.some((d) => !Number.isInteger(d) || d < 0))
      throw new ShapeError(`reshape: ${show(x.shape)} cannot become ${show(shape)}`);
    if (elements(shape) !== elements(x.shape))
      throw new ShapeError(
        `reshape: ${show(x.shape)} has ${elements(x.shape)} elements, ${show(shape)} needs ${elements(shape)}`,
      );
    return [{ dtype: x.dtype, shape }];
  },
  emit: (e, [x], { attributes: { shape } }) => [e.node('Reshape', [x, e.ints(shape)])],
});

/** The same elements in row-major order under another shape; one entry may be -1, for what is left. */
export function reshape(x: Tensor, shape: Shape): Tensor {
  const hole = shape.indexOf(-1);
  let full = shape;
  if (hole >= 0) {
    const filled = elements(x.shape) / -elements(shape);
    if (!Number.isInteger(filled) || filled < 0)
      throw new ShapeError(`reshape: ${show(x.shape)} does not fit ${show(shape)}`);
    full = shape.map((d, i) => (i === hole ? filled : d));
  }
  return sameShape(full, x.shape) ? x : apply(reshapePrimitive, [x], { shape: full });
}

const transposePrimitive = definePrimitive<{ order: Shape }>({
  name: 'transpose',
  infer: ([x], { order }) => {
    const sorted = [...order].sort((a, b) => a - b);
    if (order.length !== x.shape.length || sorted.some((axis, i) => axis !== i))
      throw new ShapeError(
        `transpose: order ${show(order)} is not a permutation of the axes of ${show(x.shape)}`,
      );
    return [{ dtype: x.dtype, shape: order.map((axis) => x.shape[axis]) }];
  },
  emit: (e, [x], { attributes: { order } }) => [e.node('Transpose', [x], { perm: { ints: order } })],
});

/** Axes permuted: output axis i is input axis order[i]. */
export function transpose(x: Tensor, order: Shape): Tensor {
  return apply(transposePrimitive, [x], { order });
}

const broadcastPrimitive = definePrimitive<{ shape: Shape }>({
  name: 'broadcastTo',
  infer: ([x], { shape }) => {
    if (!sameShape(broadcastShapes('broadcastTo', x.shape, shape), shape))
      throw new ShapeError(`broadcastTo: ${show(x.shape)} does not broadcast to ${show(shape)}`);
    return [{ dtype: x.dtype, shape }];
  },
  emit: (e, [x], { attributes: { shape } }) => [e.node('Expand', [x, e.ints(shape)])],
});

/** Repeats size-1 and missing leading axes up to `shape`. */
export function broadcastTo(x: Tensor, shape: Shape): Tensor {
  return sameShape(x.shape, shape) ? x : apply(broadcastPrimitive, [x], { shape });
}

/** Drops an explicit broadcast of one operand where the other already has the full shape: kernels broadcast by themselves. */
export function stripBroadcast(a: Tensor, b: Tensor): [Tensor, Tensor] {
  const source = (x: Tensor, other: Tensor): Tensor => {
    if (x.node.primitive.name !== 'broadcastTo' || !sameShape(x.shape, other.shape)) return x;
    return x.node.inputs[0];
  };
  const strippedA = source(a, b);
  return [strippedA, strippedA === a ? source(b, a) : b];
}

const slicePrimitive = definePrimitive<{ axis: number; start: number; end: number }>({
  name: 'slice',
  infer: ([x], { axis, start, end }) => {
    if (![start, end].every(Number.isInteger) || start < 0 || end > x.shape[axis] || end <= start)
      throw new ShapeError(`slice: ${start}..${end} of axis ${axis} is outside shape ${show(x.shape)}`);
    return [{ dtype: x.dtype, shape: x.shape.map((d, i) => (i === axis ? end - start : d)) }];
  },
  emit: (e, [x], { attributes: { axis, start, end } }) => [
    e.node('Slice', [x, e.ints([start]), e.ints([end]), e.ints([axis])]),
  ],
});

/** Elements start..end-1 along an axis. */
export function slice(x: Tensor, axis: number, start: number, end: number): Tensor {
  const normal = normalAxis('slice', axis, x.shape);
  if (start === 0 && end === x.shape[normal]) return x;
  return apply(slicePrimitive, [x], { axis: normal, start, end });
}

const padPrimitive = definePrimitive<{ axis: number; before: number; after: number }>({
  name: 'pad',
  infer: ([x], { axis, before, after }) => {
    if (![before, after].every(Number.isInteger) || before < 0 || after < 0)
      throw new ShapeError(
        `pad: widths ${before} and ${after} of axis ${axis} of ${show(x.shape)} are not whole numbers from 0 up`,
      );
    return [{ dtype: x.dtype, shape: x.shape.map((d, i) => (i === axis ? before + d + after : d)) }];
  },
  emit: (e, [x], node) => {
    const { axis, before, after } = node.attributes;
    const rank = node.inputs[0].shape.length;
    const widths = new Array<number>(2 * rank).fill(0);
    widths[axis] = before;
    widths[rank + axis] = after;
    return [e.node('Pad', [x, e.ints(widths)], { mode: { s: 'constant' } })];
  },
});

/** Zeros added before and after along an axis. */
export function pad(x: Tensor, axis: number, before: number, after: number): Tensor {
  const normal = normalAxis('pad', axis, x.shape);
  if (before === 0 && after === 0) return x;
  return apply(padPrimitive, [x], { axis: normal, before, after });
}

const concatPrimitive = definePrimitive<{ axis: number }>({
  name: 'concat',
  infer: (inputs, { axis }) => {
    const [first, ...rest] = inputs;
    for (const x of rest) {
      expectType('concat', x, first.dtype);
      if (x.shape.length !== first.shape.length || x.shape.some((d, i) => i !== axis && d !== first.shape[i]))
        throw new ShapeError(
          `concat: shapes ${show(first.shape)} and ${show(x.shape)} differ outside axis ${axis}`,
        );
    }
    const size = inputs.reduce((n, x) => n + x.shape[axis], 0);
    return [{ dtype: first.dtype, shape: first.shape.map((d, i) => (i === axis ? size : d)) }];
  },
  emit: (e, inputs, { attributes: { axis } }) => [e.node('Concat', inputs, { axis: { i: axis } })],
});

/** Arrays joined along an axis. */
export function concat(inputs: readonly Tensor[], axis: number): Tensor {
  if (inputs.length === 0) throw new ShapeError('concat: no arrays given');
  if (inputs.length === 1) return inputs[0];
  return apply(concatPrimitive, inputs, { axis: normalAxis('concat', axis, inputs[0].shape) });
}
