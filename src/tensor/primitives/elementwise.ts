/** Elementwise primitives of one array. */
import { apply, definePrimitive, expectType, type Tensor } from '../tensor.ts';

/** A float32 elementwise primitive written as one ONNX node. */
function unary(name: string, opType: string) {
  const primitive = definePrimitive<null>({
    name,
    infer: ([x]) => {
      expectType(name, x, 'f32');
      return [x];
    },
    emit: (e, [x]) => [e.node(opType, [x])],
  });
  return (x: Tensor): Tensor => apply(primitive, [x], null);
}

/** -x */
export const neg = unary('neg', 'Neg');
/** e^x */
export const exp = unary('exp', 'Exp');
/** Natural logarithm; -Infinity at 0, NaN below. */
export const log = unary('log', 'Log');
/** Square root. */
export const sqrt = unary('sqrt', 'Sqrt');
/** 1/x */
export const reciprocal = unary('reciprocal', 'Reciprocal');
/** Hyperbolic tangent. */
export const tanh = unary('tanh', 'Tanh');
/** 1 / (1 + e^-x) */
export const sigmoid = unary('sigmoid', 'Sigmoid');
/** -1, 0 or 1; its gradient is zero. */
export const sign = unary('sign', 'Sign');
/** |x|; the gradient at 0 is 0. */
export const abs = unary('abs', 'Abs');
/** Sine of radians. */
export const sin = unary('sin', 'Sin');
/** Cosine of radians. */
export const cos = unary('cos', 'Cos');
/** Error function. */
export const erf = unary('erf', 'Erf');
/** log(1 + e^x) */
export const softplus = unary('softplus', 'Softplus');
/** max(x, 0); the gradient at 0 is 0. */
export const relu = unary('relu', 'Relu');

const siluPrimitive = definePrimitive<null>({
  name: 'silu',
  infer: ([x]) => {
    expectType('silu', x, 'f32');
    return [x];
  },
  emit: (e, [x]) => [e.contrib('QuickGelu', [x], { alpha: { f: 1 } })],
});

/** x · sigmoid(x), the gate of SwiGLU, as one fused kernel. */
export function silu(x: Tensor): Tensor {
  return apply(siluPrimitive, [x], null);
}

/** 1 / sqrt(x) */
export function rsqrt(x: Tensor): Tensor {
  return reciprocal(sqrt(x));
}
