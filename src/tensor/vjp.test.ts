/** Differentiation as a whole: how gradients meet, stop, nest, and what they are at kinks. */
import { describe, expect, it } from 'vitest';
import * as t from './index.ts';

type ListOf<T> = readonly T[];

/** Runs a traced function on vectors (or scalars, given as numbers); outputs as plain arrays. */
function evaluate(
  fn: (...inputs: t.Tensor[]) => ListOf<t.Tensor>,
  ...inputs: ListOf<number | number[]>
): number[][] {
  const values = inputs.map((x) => (typeof x === 'number' ? t.array([x], []) : t.array(x, [x.length])));
  const program = t.compile<t.Tensor[], t.Tensor[]>(
    (xs) => [...fn(...xs)],
    values.map((x) => t.spec('f32', x.shape)),
  );
  const outputs = program.allocateOutputs() as t.NativeTensor[];
  program.bind(values, outputs).runSync();
  return outputs.map((x) => Array.from(x.data as Float32Array));
}

describe('grad', () => {
  it('adds up over every use of a shared sub-expression', () => {
    // y = x², loss = Σ (y + y³ + x y): d/dx = 2x + 6x⁵ + 3x²
    const gradient = evaluate(
      (x) => {
        const y = t.square(x);
        const terms = t.add(t.add(y, t.mul(t.square(y), y)), t.mul(x, y));
        return t.grad(t.sum(terms), [x]);
      },
      [0.5, -1, 2],
    );
    expect(gradient[0]).toEqual([0.5, -1, 2].map((x) => expect.closeTo(2 * x + 6 * x ** 5 + 3 * x * x, 3)));
  });

  it('differentiates a sub-expression once however often it is used', () => {
    const nodes = (uses: number) =>
      t.compile<t.Tensor, t.Tensor[]>(
        (x) => {
          const y = t.tanh(t.exp(x));
          let total = y;
          for (let i = 0; i < uses; i++) total = t.add(total, y);
          return t.grad(t.sum(total), [x]);
        },
        t.spec('f32', [4]),
      ).nodeCount;
    // One addition more in the gradient for each use more, not another copy of the two rules.
    expect(nodes(11) - nodes(10)).toBeLessThanOrEqual(1);
  });

  it('is zero, of the right shape, for arrays that the loss does not read', () => {
    expect(evaluate((x, y) => t.grad(t.sum(x), [x, y]), [1, 2], [3, 4, 5])).toEqual([
      [1, 1],
      [0, 0, 0],
    ]);
  });

  it('reaches arrays in the middle of a program', () => {
    // An explicit broadcast, which kernels skip, is such an array too.
    const [dBroadcast, dSquare] = evaluate(
      (x) => {
        const wide = t.broadcastTo(x, [2, 3]);
        const y = t.square(wide);
        const weights = t.constant(Float32Array.of(1, 2, 3, 4, 5, 6), [2, 3]);
        return t.grad(t.sum(t.mul(y, weights)), [wide, y]);
      },
      [1, 2, 3],
    );
    expect(dBroadcast).toEqual([2, 8, 18, 8, 20, 36]);
    expect(dSquare).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('stops at stopGradient, casts and integers', () => {
    const gradients = evaluate(
      (x) => {
        const whole = t.cast(t.cast(x, 'i32'), 'f32');
        return t.grad(t.sum(t.mul(t.mul(x, t.stopGradient(x)), whole)), [x]);
      },
      [2.5, 3.5],
    );
    expect(gradients).toEqual([[5, 10.5]]);
  });

  it('nests: derivatives of x⁵ up to the fifth', () => {
    const derivatives = evaluate((x) => {
      const out = [t.mul(t.square(t.square(x)), x)];
      for (let k = 0; k < 5; k++) out.push(t.grad(out[k], [x])[0]);
      return out;
    }, 2);
    expect(derivatives.flat()).toEqual([32, 80, 160, 240, 240, 120]);
  });

  it('nests through primitives of several outputs: third derivatives of tokenLogProb and rmsNorm', () => {
    // For two tokens, log p = log σ(a - b), whose third derivative in a is -σ″ = -s(1-s)(1-2s).
    const third = (fn: (x: t.Tensor) => t.Tensor) => (x: t.Tensor) => {
      let y = t.sum(fn(x));
      for (let k = 0; k < 3; k++) y = t.sum(t.slice(t.grad(y, [x])[0], 0, 0, 1));
      return [y];
    };
    const token = third((x) => t.tokenLogProb(t.reshape(x, [1, 2]), t.constant(Int32Array.of(0), [1])));
    const s = 1 / (1 + Math.exp(-0.7));
    expect(evaluate(token, [1, 0.3])[0][0]).toBeCloseTo(-s * (1 - s) * (1 - 2 * s), 5);
    // rmsNorm against the same formula written out in single steps.
    const normal = third((x) => t.slice(t.rmsNorm(x, t.constant(Float32Array.of(1, 1), [2]), 0), 0, 0, 1));
    const written = third((x) => t.div(t.slice(x, 0, 0, 1), t.reshape(t.sqrt(t.mean(t.square(x))), [1])));
    expect(evaluate(normal, [1, 2])[0][0]).toBeCloseTo(evaluate(written, [1, 2])[0][0], 4);
  });

  it('takes only a float32 scalar', () => {
    const tracing = (fn: (x: t.Tensor) => t.Tensor) => () => t.compile(fn, t.spec('f32', [2]));
    expect(tracing((x) => t.grad(x, [x])[0])).toThrow(
      new RangeError('grad: the loss has type f32 and shape [2], expected a float32 scalar'),
    );
    expect(tracing((x) => t.grad(t.cast(t.sum(x), 'i32'), [x])[0])).toThrow('type i32 and shape []');
  });
});

describe('vjp', () => {
  it('pulls several cotangents back together', () => {
    const pulled = evaluate((x, c, d) => t.vjp([t.square(x), t.exp(x)], [c, d], [x]), [0, 3], [1, 2], [5, 0]);
    expect(pulled).toEqual([[5, 12]]);
  });

  it('says which cotangent or array does not fit', () => {
    const pull = (fn: (x: t.Tensor, i: t.Tensor) => t.Tensor[]) => () =>
      t.compile<t.Tensor[], t.Tensor[]>(([x, i]) => fn(x, i), [t.spec('f32', [2]), t.spec('i32', [2])]);
    expect(pull((x) => t.vjp([x], [], [x]))).toThrow('vjp: 1 outputs and 0 cotangents');
    expect(pull((x) => t.vjp([x], [t.sum(x)], [x]))).toThrow(
      'vjp: cotangent 0 is f32[] for an output that is f32[2]',
    );
    expect(pull((x, i) => t.vjp([x], [i], [x]))).toThrow('cotangent 0 is i32[2]');
    expect(pull((x, i) => t.vjp([x], [x], [i]))).toThrow('vjp: no gradient with respect to array 0, i32[2]');
  });
});

describe('gradients at kinks, as in PyTorch', () => {
  const at = (fn: (...xs: t.Tensor[]) => t.Tensor, ...inputs: number[][]) =>
    evaluate((...xs) => t.grad(t.sum(fn(...xs)), xs), ...inputs);

  it.each<[string, (...xs: t.Tensor[]) => t.Tensor, number[][], number[][]]>([
    ['relu at 0', t.relu, [[0, -1, 1]], [[0, 0, 1]]],
    ['abs at 0', t.abs, [[0, -1, 1]], [[0, -1, 1]]],
    ['clip at its bounds', (x) => t.clip(x, -1, 1), [[-2, -1, 0, 1, 2]], [[0, 1, 1, 1, 0]]],
    [
      'maximum of equals',
      t.maximum,
      [
        [1, 2, 0],
        [1, 1, 3],
      ],
      [
        [0.5, 1, 0],
        [0.5, 0, 1],
      ],
    ],
    [
      'minimum of equals',
      t.minimum,
      [
        [1, 2, 0],
        [1, 1, 3],
      ],
      [
        [0.5, 0, 1],
        [0.5, 1, 0],
      ],
    ],
    ['max of equals', (x) => t.max(x), [[3, 1, 3, 2]], [[0.5, 0, 0.5, 0]]],
  ])('%s', (_name, fn, inputs, expected) => {
    expect(at(fn, ...inputs)).toEqual(expected);
  });

  it('where keeps values out of the branch not taken', () => {
    const safe = (x: t.Tensor) => {
      const positive = t.greater(x, 0);
      return t.where(positive, t.log(t.where(positive, x, 1)), 0);
    };
    expect(at(safe, [2, 0, -1])).toEqual([[0.5, 0, 0]]);
    expect(at((x) => t.where(t.greater(x, 0), t.log(x), 0), [2, -1])).toEqual([[0.5, -0]]);
  });
});
