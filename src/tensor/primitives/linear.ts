/** Matrix products. */
import { broadcastShapes, ShapeError, show } from '../shape.ts';
import { apply, definePrimitive, expectType, type Tensor } from '../tensor.ts';
import { add } from './binary.ts';
import { reshape } from './shaping.ts';

export interface MatmulOptions {
  /** Use a with its last two axes swapped. */
  transposeA?: boolean;
  /** Use b with its last two axes swapped. */
  transposeB?: boolean;
  /** Factor on the product. */
  scale?: number;
}

const matmulPrimitive = definePrimitive<Required<MatmulOptions>>({
  name: 'matmul',
  infer: ([a, b], { transposeA, transposeB }) => {
    expectType('matmul', a, 'f32');
    expectType('matmul', b, 'f32');
    if (a.shape.length < 2 || b.shape.length < 2)
      throw new ShapeError(
        `matmul: shapes ${show(a.shape)} and ${show(b.shape)} need at least two axes each`,
      );
    const [m, ka] = transposeA ? [a.shape.at(-1)!, a.shape.at(-2)!] : [a.shape.at(-2)!, a.shape.at(-1)!];
    const [kb, n] = transposeB ? [b.shape.at(-1)!, b.shape.at(-2)!] : [b.shape.at(-2)!, b.shape.at(-1)!];
    if (ka !== kb)
      throw new ShapeError(
        `matmul: shapes ${show(a.shape)}${transposeA ? 'ᵀ' : ''} and ${show(b.shape)}${transposeB ? 'ᵀ' : ''} do not fit: ${ka} ≠ ${kb}`,
      );
    const batch = broadcastShapes('matmul', a.shape.slice(0, -2), b.shape.slice(0, -2));
    return [{ dtype: 'f32', shape: [...batch, m, n] }];
  },
  emit: (e, [a, b], { inputs, attributes: { transposeA, transposeB, scale } }) => {
    if (!transposeA && !transposeB && scale === 1) return [e.node('MatMul', [a, b])];
    const flags = {
      transA: { i: transposeA ? 1 : 0 },
      transB: { i: transposeB ? 1 : 0 },
      alpha: { f: scale },
    };
    if (inputs.every((x) => x.shape.length === 2)) return [e.node('Gemm', [a, b], flags)];
    return [e.contrib('FusedMatMul', [a, b], flags)];
  },
});

/** scale · op(a) op(b) over the last two axes; leading axes broadcast. */
export function matmul(a: Tensor, b: Tensor, options: MatmulOptions = {}): Tensor {
  const { transposeA = false, transposeB = false, scale = 1 } = options;
  return apply(matmulPrimitive, [a, b], { transposeA, transposeB, scale });
}

/** x Wᵀ + b over the last axis: x [..., in], weight [out, in], bias [out] → [..., out]. */
export function linear(x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
  const flat = reshape(x, [-1, x.shape.at(-1)!]);
  const y = reshape(matmul(flat, weight, { transposeB: true }), [...x.shape.slice(0, -1), weight.shape[0]]);
  return bias ? add(y, bias) : y;
}
