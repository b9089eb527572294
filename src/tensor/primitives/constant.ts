/** Primitives that bring values into a program: inputs, constants, and gradients' stopping points. */
import type { DType, NativeArray } from '../runtime/index.ts';
import { elements, type Shape, ShapeError, show } from '../shape.ts';
import { apply, definePrimitive, type Spec, type Tensor } from '../tensor.ts';

const inputPrimitive = definePrimitive<Spec & { path: string }>({
  name: 'input',
  infer: (_inputs, { dtype, shape }) => [{ dtype, shape }],
  emit: (_e, _inputs, node) => {
    throw new Error(`the program reads an array that is not one of its inputs: ${node.attributes.path}`);
  },
});

/** A placeholder that a program's caller fills. `path` names it in messages. */
export function input(spec: Spec, path: string): Tensor {
  return apply(inputPrimitive, [], { dtype: spec.dtype, shape: spec.shape, path });
}

const constantPrimitive = definePrimitive<Spec & { data: NativeArray }>({
  name: 'constant',
  infer: (_inputs, { dtype, shape, data }) => {
    if (data.length !== elements(shape))
      throw new ShapeError(`constant: ${data.length} values do not fill shape ${show(shape)}`);
    return [{ dtype, shape }];
  },
  emit: (e, _inputs, { attributes: { dtype, shape, data } }) => [e.constant(dtype, shape, data)],
});

/** A fixed array; the data is not copied, so do not write to it afterwards. */
export function constant(data: NativeArray, shape: Shape, dtype: DType = typeOf(data)): Tensor {
  return apply(constantPrimitive, [], { dtype, shape, data });
}

/** A float32 scalar. */
export function scalar(value: number): Tensor {
  return constant(Float32Array.of(value), []);
}

/** The value of a scalar constant, or undefined for anything else: lets operations skip multiplying by one. */
export function scalarValue(tensor: Tensor): number | undefined {
  if (tensor.node.primitive.name !== 'constant' || tensor.shape.length !== 0 || tensor.dtype !== 'f32')
    return undefined;
  return Number((tensor.node.attributes as { data: NativeArray }).data[0]);
}

function typeOf(data: NativeArray): DType {
  if (data instanceof Float32Array) return 'f32';
  if (data instanceof Int32Array) return 'i32';
  if (data instanceof BigInt64Array) return 'i64';
  throw new ShapeError(`constant: name the type of a ${data.constructor.name}`);
}

const stopGradientPrimitive = definePrimitive<null>({
  name: 'stopGradient',
  infer: ([x]) => [x],
  emit: (e, [x]) => [e.node('Identity', [x])],
});

/** The same values, with no gradient flowing back. */
export function stopGradient(x: Tensor): Tensor {
  return apply(stopGradientPrimitive, [x], null);
}
