/** Comparisons, logic, choice and casts: only `where` and `clip` pass gradients on. */
import type { DType } from '../runtime/index.ts';
import { broadcastShapes, ShapeError } from '../shape.ts';
import { apply, definePrimitive, expectType, type Tensor } from '../tensor.ts';
import { type Operand, tensor } from './binary.ts';
import { constant } from './constant.ts';

function comparison(name: string, opType: string) {
  const primitive = definePrimitive<null>({
    name,
    infer: ([a, b]) => {
      expectType(name, a, 'f32', 'i32', 'i64');
      if (b.dtype !== a.dtype) throw new ShapeError(`${name}: types ${a.dtype} and ${b.dtype} differ`);
      return [{ dtype: 'bool', shape: broadcastShapes(name, a.shape, b.shape) }];
    },
    emit: (e, [a, b]) => [e.node(opType, [a, b])],
  });
  return (a: Operand, b: Operand): Tensor => {
    const x = typeof a === 'number' && typeof b !== 'number' ? literal(a, b.dtype) : tensor(a);
    const y = typeof b === 'number' ? literal(b, x.dtype) : b;
    return apply(primitive, [x, y], null);
  };
}

function literal(value: number, dtype: DType): Tensor {
  if (dtype === 'i32') return constant(Int32Array.of(value), []);
  if (dtype === 'i64') return constant(BigInt64Array.of(BigInt(value)), []);
  return constant(Float32Array.of(value), []);
}

/** a = b */
export const equal = comparison('equal', 'Equal');
/** a < b */
export const less = comparison('less', 'Less');
/** a > b */
export const greater = comparison('greater', 'Greater');
/** a <= b */
export const lessOrEqual = comparison('lessOrEqual', 'LessOrEqual');
/** a >= b */
export const greaterOrEqual = comparison('greaterOrEqual', 'GreaterOrEqual');

function logic(name: string, opType: string) {
  const primitive = definePrimitive<null>({
    name,
    infer: (inputs) => {
      for (const x of inputs) expectType(name, x, 'bool');
      const shape =
        inputs.length === 1 ? inputs[0].shape : broadcastShapes(name, inputs[0].shape, inputs[1].shape);
      return [{ dtype: 'bool', shape }];
    },
    emit: (e, inputs) => [e.node(opType, inputs)],
  });
  return (...inputs: Tensor[]): Tensor => apply(primitive, inputs, null);
}

/** Both true. */
export const and: (a: Tensor, b: Tensor) => Tensor = logic('and', 'And');
/** Either true. */
export const or: (a: Tensor, b: Tensor) => Tensor = logic('or', 'Or');
/** Not true. */
export const not: (a: Tensor) => Tensor = logic('not', 'Not');

const wherePrimitive = definePrimitive<null>({
  name: 'where',
  infer: ([condition, a, b]) => {
    expectType('where', condition, 'bool');
    if (a.dtype !== b.dtype) throw new ShapeError(`where: types ${a.dtype} and ${b.dtype} differ`);
    const shape = broadcastShapes('where', condition.shape, broadcastShapes('where', a.shape, b.shape));
    return [{ dtype: a.dtype, shape }];
  },
  emit: (e, inputs) => [e.node('Where', inputs)],
});

/**
 * a where the condition holds, else b. Values of the branch not taken never leak, and its gradient is zero; but a
 * derivative that is infinite or NaN there times that zero is NaN, as in PyTorch: make the operand safe first.
 */
export function where(condition: Tensor, a: Operand, b: Operand): Tensor {
  return apply(wherePrimitive, [condition, tensor(a), tensor(b)], null);
}

const clipPrimitive = definePrimitive<{ low: number; high: number }>({
  name: 'clip',
  infer: ([x]) => {
    expectType('clip', x, 'f32');
    return [x];
  },
  emit: (e, [x], { attributes: { low, high } }) => [
    e.node('Clip', [
      x,
      Number.isFinite(low) ? e.constant('f32', [], Float32Array.of(low)) : '',
      Number.isFinite(high) ? e.constant('f32', [], Float32Array.of(high)) : '',
    ]),
  ],
});

/** x limited to [low, high] (infinite bounds allowed); gradient 1 inside and at the bounds, as in PyTorch. */
export function clip(x: Tensor, low: number, high: number): Tensor {
  return apply(clipPrimitive, [x], { low, high });
}

const ONNX_TYPE: Partial<Record<DType, number>> = { f32: 1, i32: 6, i64: 7, bool: 9, f16: 10 };

const castPrimitive = definePrimitive<{ dtype: DType }>({
  name: 'cast',
  infer: ([x], { dtype }) => {
    if (ONNX_TYPE[dtype] === undefined) throw new ShapeError(`cast: no cast to ${dtype}`);
    return [{ dtype, shape: x.shape }];
  },
  emit: (e, [x], { attributes: { dtype } }) => [
    e.node('Cast', [x], { to: { i: ONNX_TYPE[dtype] as number } }),
  ],
});

/** The same values in another type; no gradient flows through. */
export function cast(x: Tensor, dtype: DType): Tensor {
  return x.dtype === dtype ? x : apply(castPrimitive, [x], { dtype });
}
