/** Every primitive's gradient, and gradient of gradient, against central finite differences. */
import { describe, expect, it } from 'vitest';
import { type Rng, rng } from '../random/index.ts';
import { gradientChecker, gradientOf, type ListFunction } from './gradcheck.ts';
import { topologicalOrder } from './gradients.ts';
import * as t from './index.ts';
import { input } from './primitives/constant.ts';

/** Draws one input: floats are multiples of 2^-10, so that finite differences step exactly. */
type Draw = (random: Rng) => t.NativeTensor;
type Operation = (...inputs: t.Tensor[]) => t.Tensor | readonly t.Tensor[];
interface Case {
  about: string;
  inputs: Draw[];
  fn: Operation;
}

const size = (shape: t.Shape) => shape.reduce((n, d) => n * d, 1);
const fill = (shape: t.Shape, next: () => number) =>
  t.array(
    Array.from({ length: size(shape) }, () => Math.round(next() * 1024) / 1024),
    shape,
  );
/** Uniform in [low, high). */
const uniform =
  (shape: t.Shape, low = -1.5, high = 1.5): Draw =>
  (random) =>
    fill(shape, () => low + (high - low) * random.uniform());
/** Uniform in ±[0.5, 2). */
const nonzero =
  (shape: t.Shape): Draw =>
  (random) =>
    fill(shape, () => (0.5 + 1.5 * random.uniform()) * (random.int(2) ? 1 : -1));
/** Distinct values a quarter apart, none nearer than 1/8 to zero, all moved by `offset`. */
const apart =
  (shape: t.Shape, offset = 0): Draw =>
  (random) => {
    const n = size(shape);
    return t.array(
      random.shuffle(Array.from({ length: n }, (_, i) => (i - Math.floor(n / 2)) / 4 + 0.125 + offset)),
      shape,
    );
  };
/** Integers in [0, n), as int64. */
const ids =
  (shape: t.Shape, n: number): Draw =>
  (random) => {
    const out = t.NativeTensor.zeros('i64', shape);
    (out.data as BigInt64Array).forEach((_, i, data) => {
      data[i] = BigInt(random.int(n));
    });
    return out;
  };
/** Integers in [0, n), as int32. */
const smallIds =
  (shape: t.Shape, n: number): Draw =>
  (random) =>
    t.intArray(
      Array.from({ length: size(shape) }, () => random.int(n)),
      shape,
    );
const bools =
  (shape: t.Shape): Draw =>
  (random) =>
    t.NativeTensor.wrap(
      Uint8Array.from({ length: size(shape) }, () => random.int(2)),
      'bool',
      shape,
    );

const unary = (fn: Operation, draw: (shape: t.Shape) => Draw = uniform): Case[] => [
  { about: 'matrix', inputs: [draw([2, 3])], fn },
  { about: 'scalar', inputs: [draw([])], fn },
];
const binary = (
  fn: Operation,
  left: (shape: t.Shape) => Draw = uniform,
  right: (shape: t.Shape) => Draw = left,
): Case[] =>
  (
    [
      ['same shape', [2, 3], [2, 3]],
      ['row', [2, 3], [3]],
      ['both broadcast', [2, 1, 3], [4, 1]],
      ['scalar left', [], [2, 2]],
      ['scalar right', [1, 3], []],
    ] as [string, number[], number[]][]
  ).map(([about, a, b]) => ({ about, inputs: [left(a), right(b)], fn }));
const positive = (shape: t.Shape) => uniform(shape, 0.5, 2);
const products: [about: string, a: number[], b: number[], t.MatmulOptions][] = [
  ['matrices', [2, 3], [3, 4], {}],
  ['scaled', [2, 3], [3, 4], { scale: 0.75 }],
  ['Aᵀ B', [3, 2], [3, 4], { transposeA: true }],
  ['A Bᵀ', [2, 3], [4, 3], { transposeB: true, scale: -2 }],
  ['Aᵀ Bᵀ', [3, 2], [4, 3], { transposeA: true, transposeB: true }],
  ['batch', [2, 2, 3], [2, 3, 2], {}],
  ['batch A Bᵀ', [2, 2, 3], [2, 4, 3], { transposeB: true, scale: 0.5 }],
  ['batch Aᵀ B', [2, 3, 2], [2, 3, 2], { transposeA: true }],
  ['batch Aᵀ Bᵀ', [2, 3, 2], [2, 2, 3], { transposeA: true, transposeB: true }],
  ['batch by matrix', [2, 2, 3], [3, 2], {}],
  ['batch by matrixᵀ', [2, 2, 3], [2, 3], { transposeB: true }],
  ['matrix by batch', [2, 3], [2, 3, 2], {}],
  ['matrixᵀ by batch', [3, 2], [2, 3, 2], { transposeA: true }],
  ['broadcast batches', [2, 1, 2, 3], [3, 3, 2], {}],
  ['broadcast batches A Bᵀ', [2, 1, 2, 3], [3, 2, 3], { transposeB: true }],
];
const reductions = (fn: typeof t.sum, draw: (shape: t.Shape) => Draw): Case[] => [
  { about: 'all axes', inputs: [draw([2, 3])], fn: (x) => fn(x) },
  { about: 'last axis', inputs: [draw([2, 3])], fn: (x) => fn(x, -1) },
  { about: 'outer axes', inputs: [draw([2, 3, 2])], fn: (x) => fn(x, [0, -1]) },
  { about: 'kept axis', inputs: [draw([2, 3])], fn: (x) => fn(x, 0, { keepDims: true }) },
];
const turn = Float32Array.from({ length: 10 }, (_, i) => Math.cos(i * 0.7));
const lift = Float32Array.from({ length: 10 }, (_, i) => Math.sin(i * 0.7));

/** One row a primitive. */
const table: Record<string, Case[]> = {
  neg: unary(t.neg),
  exp: unary(t.exp),
  log: unary(t.log, positive),
  sqrt: unary(t.sqrt, positive),
  reciprocal: unary(t.reciprocal, nonzero),
  tanh: unary(t.tanh),
  sigmoid: unary(t.sigmoid),
  sign: unary(t.sign, nonzero),
  abs: unary(t.abs, nonzero),
  sin: unary(t.sin),
  cos: unary(t.cos),
  erf: unary(t.erf),
  softplus: unary(t.softplus),
  relu: unary(t.relu, nonzero),
  silu: unary(t.silu),
  add: binary(t.add),
  sub: binary(t.sub),
  mul: binary(t.mul),
  div: binary(t.div, uniform, nonzero),
  pow: [
    ...binary(t.pow, positive, uniform),
    { about: 'number exponent', inputs: [nonzero([3])], fn: (x) => t.pow(x, 3) },
  ],
  maximum: binary(t.maximum, apart, (shape) => apart(shape, 0.0625)),
  minimum: binary(t.minimum, apart, (shape) => apart(shape, 0.0625)),
  where: [
    { about: 'same shape', inputs: [bools([2, 3]), uniform([2, 3]), uniform([2, 3])], fn: t.where },
    { about: 'broadcast values', inputs: [bools([2, 3]), uniform([3]), uniform([])], fn: t.where },
    { about: 'broadcast condition', inputs: [bools([3]), uniform([2, 3]), uniform([2, 1])], fn: t.where },
  ],
  clip: [
    { about: 'both bounds', inputs: [apart([3, 3])], fn: (x) => t.clip(x, -0.5, 0.5) },
    { about: 'low bound', inputs: [apart([6])], fn: (x) => t.clip(x, -0.25, Infinity) },
    { about: 'high bound', inputs: [apart([6])], fn: (x) => t.clip(x, -Infinity, 0.25) },
  ],
  sum: reductions(t.sum, uniform),
  max: reductions(t.max, apart),
  cumsum: [
    { about: 'last axis', inputs: [uniform([2, 4])], fn: (x) => t.cumsum(x) },
    { about: 'first axis, reverse', inputs: [uniform([3, 2])], fn: (x) => t.cumsum(x, 0, { reverse: true }) },
  ],
  reshape: [
    { about: 'merge', inputs: [uniform([2, 3])], fn: (x) => t.reshape(x, [-1]) },
    { about: 'split', inputs: [uniform([6])], fn: (x) => t.reshape(x, [3, 1, 2]) },
    { about: 'scalar', inputs: [uniform([1, 1])], fn: (x) => t.reshape(x, []) },
  ],
  transpose: [
    { about: 'matrix', inputs: [uniform([2, 3])], fn: (x) => t.transpose(x, [1, 0]) },
    { about: 'rotation', inputs: [uniform([2, 3, 2])], fn: (x) => t.transpose(x, [2, 0, 1]) },
  ],
  broadcastTo: [
    { about: 'row', inputs: [uniform([3])], fn: (x) => t.broadcastTo(x, [2, 3]) },
    { about: 'axes of one', inputs: [uniform([2, 1, 2])], fn: (x) => t.broadcastTo(x, [2, 3, 2]) },
    { about: 'scalar', inputs: [uniform([])], fn: (x) => t.broadcastTo(x, [2, 2]) },
  ],
  slice: [
    { about: 'rows', inputs: [uniform([4, 2])], fn: (x) => t.slice(x, 0, 1, 3) },
    { about: 'last columns', inputs: [uniform([2, 4])], fn: (x) => t.slice(x, -1, 2, 4) },
  ],
  pad: [
    { about: 'rows', inputs: [uniform([2, 2])], fn: (x) => t.pad(x, 0, 1, 2) },
    { about: 'columns', inputs: [uniform([2, 2])], fn: (x) => t.pad(x, -1, 0, 1) },
  ],
  concat: [
    { about: 'rows', inputs: [uniform([1, 2]), uniform([2, 2])], fn: (...xs) => t.concat(xs, 0) },
    {
      about: 'three on the last axis',
      inputs: [uniform([2, 1]), uniform([2, 3]), uniform([2, 2])],
      fn: (...xs) => t.concat(xs, -1),
    },
    { about: 'one twice', inputs: [uniform([2])], fn: (x) => t.concat([x, x], 0) },
  ],
  matmul: products.map(([about, a, b, options]) => ({
    about,
    inputs: [uniform(a), uniform(b)],
    fn: (x, y) => t.matmul(x, y, options),
  })),
  gather: [
    { about: 'repeated rows', inputs: [uniform([3, 2]), ids([5], 3)], fn: t.gather },
    { about: 'matrix of int32', inputs: [uniform([3, 2]), smallIds([2, 2], 3)], fn: t.gather },
    { about: 'vector', inputs: [uniform([4]), ids([3], 4)], fn: t.gather },
    { about: 'scalar index', inputs: [uniform([3, 2]), ids([], 3)], fn: t.gather },
  ],
  scatterAdd: [
    { about: 'repeated rows', inputs: [uniform([5, 2]), ids([5], 3)], fn: (x, i) => t.scatterAdd(x, i, 3) },
    {
      about: 'matrix of int32',
      inputs: [uniform([2, 2, 2]), smallIds([2, 2], 4)],
      fn: (x, i) => t.scatterAdd(x, i, 4),
    },
    { about: 'vector', inputs: [uniform([4]), ids([4], 2)], fn: (x, i) => t.scatterAdd(x, i, 2) },
  ],
  takeAlong: [
    { about: 'last axis', inputs: [uniform([2, 4]), ids([2, 3], 4)], fn: (x, i) => t.takeAlong(x, i) },
    {
      about: 'first axis',
      inputs: [uniform([3, 2]), smallIds([4, 2], 3)],
      fn: (x, i) => t.takeAlong(x, i, 0),
    },
  ],
  addAlong: [
    {
      about: 'last axis',
      inputs: [uniform([2, 4]), ids([2, 3], 4), uniform([2, 3])],
      fn: (x, i, y) => t.addAlong(x, i, y),
    },
    {
      about: 'first axis',
      inputs: [uniform([3, 2]), smallIds([4, 2], 3), uniform([4, 2])],
      fn: (x, i, y) => t.addAlong(x, i, y, 0),
    },
  ],
  softmax: [
    { about: 'matrix', inputs: [uniform([2, 4])], fn: t.softmax },
    { about: 'three axes', inputs: [uniform([2, 2, 3])], fn: t.softmax },
  ],
  logSoftmax: [
    { about: 'matrix', inputs: [uniform([2, 4])], fn: t.logSoftmax },
    { about: 'vector', inputs: [uniform([5])], fn: t.logSoftmax },
  ],
  tokenLogProb: [
    { about: 'rows', inputs: [uniform([3, 4]), ids([3], 4)], fn: t.tokenLogProb },
    { about: 'batch of int32', inputs: [uniform([2, 2, 3]), smallIds([2, 2], 3)], fn: t.tokenLogProb },
  ],
  rmsNorm: [
    { about: 'matrix', inputs: [uniform([3, 4]), uniform([4])], fn: (x, w) => t.rmsNorm(x, w, 1e-5) },
    {
      about: 'three axes, large ε',
      inputs: [uniform([2, 2, 3]), uniform([3])],
      fn: (x, w) => t.rmsNorm(x, w, 0.5),
    },
  ],
  attention: [
    {
      about: 'one head a key',
      inputs: [uniform([2, 2, 2, 3]), uniform([2, 2, 3, 3]), uniform([2, 2, 3, 2]), uniform([1, 1, 2, 3])],
      fn: (q, k, v, mask) => t.attention(q, k, v, mask, 0.7),
    },
    {
      about: 'two heads a key, a mask a row',
      inputs: [uniform([2, 4, 3, 2]), uniform([2, 2, 3, 2]), uniform([2, 2, 3, 2]), uniform([2, 1, 3, 3])],
      fn: (q, k, v, mask) => t.attention(q, k, v, mask, -1.25),
    },
  ],
  rotary: [
    {
      about: 'first position of all rows',
      inputs: [uniform([2, 3, 4]), ids([1], 3)],
      fn: (x, first) => t.rotary(x, first, t.constant(turn, [5, 2]), t.constant(lift, [5, 2]), 1),
    },
    {
      about: 'two heads',
      inputs: [uniform([2, 3, 8]), ids([2, 3], 5)],
      fn: (x, positions) => t.rotary(x, positions, t.constant(turn, [5, 2]), t.constant(lift, [5, 2]), 2),
    },
    {
      about: 'heads before tokens',
      inputs: [uniform([2, 2, 3, 4]), ids([2, 3], 5)],
      fn: (x, positions) => t.rotary(x, positions, t.constant(turn, [5, 2]), t.constant(lift, [5, 2]), 2),
    },
  ],
  after: [
    { about: 'another shape', inputs: [uniform([2, 3]), uniform([4])], fn: (x, y) => t.after(x, [y]) },
    {
      about: 'scalars',
      inputs: [uniform([]), uniform([]), uniform([])],
      fn: (x, y, z) => t.after(x, [y, z]),
    },
  ],
  checkpoint: [
    {
      about: 'one input',
      inputs: [uniform([2, 3])],
      fn: (x) => t.checkpoint(([y]) => [t.mul(t.sin(y), t.exp(y))], [x]),
    },
    {
      about: 'arrays from outside, one of them computed there',
      inputs: [uniform([2, 3]), uniform([4, 3])],
      fn: (x, w) => t.checkpoint(([y]) => [t.mul(t.linear(y, t.tanh(w)), t.sum(w))], [x]),
    },
    {
      about: 'two inputs and two outputs, ids among the inputs',
      inputs: [uniform([3, 2]), uniform([4, 2]), ids([4], 3)],
      fn: (x, y, i) =>
        t.checkpoint(([a, b, at]) => [t.mul(t.gather(a, at), b), t.exp(t.mul(a, 0.5))], [x, y, i]),
    },
    {
      about: 'an input as it is, and an output that no input reaches',
      inputs: [uniform([2, 3]), uniform([2, 3])],
      fn: (x, w) => t.checkpoint(([y]) => [y, t.exp(w)], [x]),
    },
    {
      about: 'one in another',
      inputs: [uniform([2, 2]), uniform([2, 2])],
      fn: (x, w) => t.checkpoint(([y]) => t.checkpoint(([z]) => [t.mul(t.sin(z), w)], [t.mul(y, w)]), [x]),
    },
  ],
};

/** Functions made of primitives. */
const composed: Record<string, Case[]> = {
  mean: reductions(t.mean, uniform),
  rsqrt: unary(t.rsqrt, positive),
  square: unary(t.square),
  logSumExp: [{ about: 'matrix', inputs: [uniform([2, 4])], fn: t.logSumExp }],
  linear: [
    { about: 'batch, bias', inputs: [uniform([2, 2, 3]), uniform([4, 3]), uniform([4])], fn: t.linear },
  ],
  candidateLogProbs: [
    { about: 'two a row', inputs: [uniform([3, 4]), ids([3, 2], 4)], fn: t.candidateLogProbs },
  ],
};

/** Primitives that gradients stop at. */
const notDifferentiable = [
  ...['input', 'constant', 'stopGradient', 'cast', 'argmax', 'writeRows'],
  ...['quantiseRows', 'int8Product'],
  ...['equal', 'less', 'greater', 'lessOrEqual', 'greaterOrEqual', 'and', 'or', 'not'],
];

const seeds = [1, 2, 3];

function specsOf(draws: readonly Draw[]): t.Spec[] {
  return draws.map((draw) => draw(rng(0))).map(({ dtype, shape }) => t.spec(dtype, shape));
}

/** Checks `fn` at random points; returns the outputs' types. */
function check(fn: ListFunction, draws: readonly Draw[]): readonly t.Spec[] {
  const specs = specsOf(draws);
  const checker = gradientChecker(fn, specs);
  for (const seed of seeds) {
    const random = rng(seed, 'gradients');
    const inputs = draws.map((draw) => draw(random));
    const cotangents = checker.outputs.map(({ shape }) => uniform(shape)(random));
    const { compared, mismatches } = checker.check(inputs, cotangents);
    expect(compared).toBeGreaterThan(0);
    expect(mismatches).toEqual([]);
  }
  checker.dispose();
  return checker.outputs;
}

const list = (fn: Operation): ListFunction => {
  return (inputs) => [fn(...inputs)].flat();
};

function checkBothOrders({ inputs, fn }: Case): void {
  const outputs = check(list(fn), inputs);
  const specs = specsOf(inputs);
  const second = gradientOf(list(fn), specs, outputs);
  check(second.fn, [...inputs, ...outputs.map(({ shape }) => uniform(shape))]);
}

describe('every primitive', () => {
  it.each(t.primitiveNames())('%s has a row, or is known to pass no gradient', (name) => {
    expect(Object.hasOwn(table, name)).toBe(t.isDifferentiable(name));
    expect(notDifferentiable.includes(name)).toBe(!t.isDifferentiable(name));
  });

  it('no row and no exception is left over', () => {
    expect([...Object.keys(table), ...notDifferentiable].sort()).toEqual(t.primitiveNames().sort());
  });
});

describe.each(Object.entries(table))('%s', (name, cases) => {
  it.each(cases)('$about', (one) => {
    const placeholders = specsOf(one.inputs).map((spec, i) => input(spec, `${i}`));
    const nodes = topologicalOrder(list(one.fn)(placeholders));
    expect(nodes.map((node) => node.primitive.name)).toContain(name);
    checkBothOrders(one);
  });
});

describe.each(Object.entries(composed))('%s', (_name, cases) => {
  it.each(cases)('$about', checkBothOrders);
});
