/** Products over 8-bit integers: rows rounded to integers of a scale each, and the product that undoes the scales. */
import { ShapeError, show } from '../shape.ts';
import { apply, definePrimitive, expectType, type Tensor } from '../tensor.ts';
import { maximum, mul } from './binary.ts';
import { abs } from './elementwise.ts';
import { max } from './reduce.ts';
import { reshape } from './shaping.ts';

/** Largest magnitude of a quantised number: symmetric, so that -x is quantised to minus what x is. */
const LARGEST = 127;
/** Unsigned numbers stand for themselves less this. */
const ZERO_POINT = 128;
/** Least scale: rows of zeros divide by it. */
const LEAST_SCALE = 1e-30;

const quantisePrimitive = definePrimitive<{ signed: boolean }>({
  name: 'quantiseRows',
  infer: ([x, scale], { signed }) => {
    expectType('quantiseRows', x, 'f32');
    expectType('quantiseRows', scale, 'f32');
    if (x.shape.length !== 2 || scale.shape.length !== 1 || scale.shape[0] !== x.shape[0])
      throw new ShapeError(
        `quantiseRows: shapes ${show(x.shape)} and ${show(scale.shape)}, expected [R, C] and [R]`,
      );
    return [{ dtype: signed ? 'i8' : 'u8', shape: x.shape }];
  },
  emit: (e, [x, scale], { inputs, attributes: { signed } }) => {
    const [rows] = inputs[0].shape;
    const zero = signed
      ? e.constant('i8', [rows], new Int8Array(rows))
      : e.constant('u8', [rows], new Uint8Array(rows).fill(ZERO_POINT));
    return [e.node('QuantizeLinear', [x, scale, zero], { axis: { i: 0 } })];
  },
});

/** Rows of numbers as integers: number [r, c] is about scale[r] · (integer [r, c] - zero point). */
export interface QuantisedRows {
  /** [R, C], int8 with zero point 0 or uint8 with zero point 128. */
  integers: Tensor;
  /** float32 [R]. */
  scale: Tensor;
  /** The same as [R, 1]. */
  column: Tensor;
}

/**
 * Rounds each row of x [R, C] to 255 levels, symmetric around 0, up to its largest magnitude. Signed integers for the
 * right side of `int8Product`, unsigned ones for the left. No gradient.
 */
export function quantiseRows(x: Tensor, { signed }: { signed: boolean }): QuantisedRows {
  const scale = maximum(mul(max(abs(x), 1), 1 / LARGEST), LEAST_SCALE);
  const integers = apply(quantisePrimitive, [x, scale], { signed });
  return { integers, scale, column: reshape(scale, [-1, 1]) };
}

const productPrimitive = definePrimitive<null>({
  name: 'int8Product',
  infer: ([a, b, scale]) => {
    expectType('int8Product', a, 'u8');
    expectType('int8Product', b, 'i8');
    expectType('int8Product', scale, 'f32');
    if (
      a.shape.length !== 2 ||
      b.shape.length !== 2 ||
      a.shape[1] !== b.shape[0] ||
      scale.shape.length !== 1 ||
      scale.shape[0] !== b.shape[1]
    )
      throw new ShapeError(
        `int8Product: shapes ${show(a.shape)}, ${show(b.shape)} and ${show(scale.shape)}, expected [M, K], [K, N] and [N]`,
      );
    return [{ dtype: 'f32', shape: [a.shape[0], b.shape[1]] }];
  },
  emit: (e, [a, b, scale]) => {
    const one = e.constant('f32', [], Float32Array.of(1));
    const zero = e.constant('u8', [], Uint8Array.of(ZERO_POINT));
    return [e.contrib('MatMulIntegerToFloat', [a, b, one, scale, zero])];
  },
});

/**
 * The product of a [M, K] (unsigned rows) and b [K, N] (signed, already transposed, with `scale` [N] for its columns):
 * exact in integers, then scaled → float32 [M, N]. A row of the result depends on the same row of a alone. No gradient.
 *
 * Where a processor has no instruction for such products (VNNI), ONNX Runtime's kernel adds pairs in 16 bits and
 * saturates: large numbers then come out too small.
 */
export function int8Product(a: QuantisedRows, b: Tensor, scale: Tensor): Tensor {
  const product = apply(productPrimitive, [a.integers, b, scale], null);
  return mul(product, a.column);
}
