/** Reductions, and the sums that undo broadcasting. */
import { normalAxes, normalAxis, reducedShape, type Shape, ShapeError, sameShape } from '../shape.ts';
import { apply, definePrimitive, expectType, type Tensor } from '../tensor.ts';
import { mul } from './binary.ts';
import { reshape } from './shaping.ts';

interface Reduction {
  axes: number[];
  keepDims: boolean;
}

export interface ReduceOptions {
  /** Keep reduced axes as size 1. */
  keepDims?: boolean;
}

const sumPrimitive = definePrimitive<Reduction>({
  name: 'sum',
  infer: ([x], { axes, keepDims }) => {
    expectType('sum', x, 'f32', 'i32', 'i64');
    return [{ dtype: x.dtype, shape: reducedShape(x.shape, axes, keepDims) }];
  },
  emit: (e, [x], { attributes: { axes, keepDims } }) => [
    e.node('ReduceSum', [x, e.ints(axes)], { keepdims: { i: keepDims ? 1 : 0 } }),
  ],
});

/** Sum over `axes` (all by default). */
export function sum(x: Tensor, axes?: number | Shape, { keepDims = false }: ReduceOptions = {}): Tensor {
  const normal = normalAxes('sum', axes, x.shape);
  if (normal.length === 0) return x;
  return apply(sumPrimitive, [x], { axes: normal, keepDims });
}

/** Mean over `axes` (all by default). */
export function mean(x: Tensor, axes?: number | Shape, options: ReduceOptions = {}): Tensor {
  const count = normalAxes('mean', axes, x.shape).reduce((n, axis) => n * x.shape[axis], 1);
  return mul(sum(x, axes, options), 1 / count);
}

const maxPrimitive = definePrimitive<Reduction>({
  name: 'max',
  infer: ([x], { axes, keepDims }) => {
    expectType('max', x, 'f32');
    return [{ dtype: x.dtype, shape: reducedShape(x.shape, axes, keepDims) }];
  },
  emit: (e, [x], { attributes: { axes, keepDims } }) => [
    e.node('ReduceMax', [x, e.ints(axes)], { keepdims: { i: keepDims ? 1 : 0 } }),
  ],
});

/** Largest value over `axes` (all by default); equal maxima share the gradient evenly. */
export function max(x: Tensor, axes?: number | Shape, { keepDims = false }: ReduceOptions = {}): Tensor {
  const normal = normalAxes('max', axes, x.shape);
  if (normal.length === 0) return x;
  return apply(maxPrimitive, [x], { axes: normal, keepDims });
}

const argmaxPrimitive = definePrimitive<{ axis: number }>({
  name: 'argmax',
  infer: ([x], { axis }) => {
    expectType('argmax', x, 'f32');
    return [{ dtype: 'i64', shape: reducedShape(x.shape, [axis], false) }];
  },
  emit: (e, [x], { attributes: { axis } }) => [
    e.node('ArgMax', [x], { axis: { i: axis }, keepdims: { i: 0 } }),
  ],
});

/** Index (int64) of the first largest value along an axis. */
export function argmax(x: Tensor, axis = -1): Tensor {
  return apply(argmaxPrimitive, [x], { axis: normalAxis('argmax', axis, x.shape) });
}

const cumsumPrimitive = definePrimitive<{ axis: number; reverse: boolean }>({
  name: 'cumsum',
  infer: ([x]) => {
    expectType('cumsum', x, 'f32');
    return [x];
  },
  emit: (e, [x], { attributes: { axis, reverse } }) => [
    e.node('CumSum', [x, e.constant('i64', [], BigInt64Array.of(BigInt(axis)))], {
      reverse: { i: reverse ? 1 : 0 },
    }),
  ],
});

/** Running sum along an axis, from the start or (reverse) from the end. */
export function cumsum(x: Tensor, axis = -1, { reverse = false } = {}): Tensor {
  return apply(cumsumPrimitive, [x], { axis: normalAxis('cumsum', axis, x.shape), reverse });
}

/** Sums a broadcast array back to `shape`: the transpose of broadcasting. */
export function sumTo(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  const lead = x.shape.length - shape.length;
  if (lead < 0) throw new ShapeError(`sumTo: [${x.shape}] cannot be summed to [${shape}]`);
  const axes = x.shape.flatMap((d, i) => (i < lead || (shape[i - lead] === 1 && d !== 1) ? [i] : []));
  return reshape(sum(x, axes, { keepDims: false }), shape);
}
