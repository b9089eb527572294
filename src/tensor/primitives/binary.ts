/** Elementwise primitives of two arrays, with NumPy broadcasting. */
import { broadcastShapes, ShapeError } from '../shape.ts';
import { apply, definePrimitive, expectType, type Tensor } from '../tensor.ts';
import { scalar, scalarValue } from './constant.ts';
import { stripBroadcast } from './shaping.ts';

/** An array, or a number standing for a float32 scalar. */
export type Operand = Tensor | number;

/** Makes a tensor of an operand. */
export function tensor(x: Operand): Tensor {
  return typeof x === 'number' ? scalar(x) : x;
}

function binary(name: string, opType: string, types: ('f32' | 'i32' | 'i64')[] = ['f32']) {
  const primitive = definePrimitive<null>({
    name,
    infer: ([a, b]) => {
      expectType(name, a, ...types);
      if (b.dtype !== a.dtype) throw new ShapeError(`${name}: types ${a.dtype} and ${b.dtype} differ`);
      return [{ dtype: a.dtype, shape: broadcastShapes(name, a.shape, b.shape) }];
    },
    emit: (e, [a, b]) => [e.node(opType, [a, b])],
    reads: ([a, b]) => stripBroadcast(a, b),
  });
  return (x: Operand, y: Operand): Tensor => apply(primitive, [tensor(x), tensor(y)], null);
}

const addNode = binary('add', 'Add', ['f32', 'i32', 'i64']);
const subNode = binary('sub', 'Sub', ['f32', 'i32', 'i64']);
const mulNode = binary('mul', 'Mul', ['f32', 'i32', 'i64']);
const divNode = binary('div', 'Div');

/** True for a tensor operand whose partner is the neutral scalar `value`, so that the operation changes nothing. */
function isNeutral(x: Operand, value: number): boolean {
  return x === value || (typeof x !== 'number' && scalarValue(x) === value);
}

/** a + b */
export function add(a: Operand, b: Operand): Tensor {
  if (typeof a !== 'number' && isNeutral(b, 0)) return a;
  if (typeof b !== 'number' && isNeutral(a, 0)) return b;
  return addNode(a, b);
}

/** a - b */
export function sub(a: Operand, b: Operand): Tensor {
  return typeof a !== 'number' && isNeutral(b, 0) ? a : subNode(a, b);
}

/** a · b, elementwise */
export function mul(a: Operand, b: Operand): Tensor {
  if (typeof a !== 'number' && isNeutral(b, 1)) return a;
  if (typeof b !== 'number' && isNeutral(a, 1)) return b;
  return mulNode(a, b);
}

/** a / b */
export function div(a: Operand, b: Operand): Tensor {
  return typeof a !== 'number' && isNeutral(b, 1) ? a : divNode(a, b);
}

/** a to the power b; a gradient with respect to b needs a > 0. */
export const pow = binary('pow', 'Pow');
/** The larger of a and b; equal values share the gradient half and half, as in PyTorch. */
export const maximum = binary('maximum', 'Max');
/** The smaller of a and b; equal values share the gradient half and half, as in PyTorch. */
export const minimum = binary('minimum', 'Min');

/** x² */
export function square(x: Tensor): Tensor {
  return mul(x, x);
}
