/** Values and gradients against PyTorch's, in fixtures/primitives.json (made by python/fixtures/tensor_primitives.py). */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { topologicalOrder } from './gradients.ts';
import * as t from './index.ts';
import { input } from './primitives/constant.ts';

const array = z.object({
  shape: z.array(z.number()),
  data: z.array(z.number()),
  dtype: z.enum(['int', 'bool']).optional(),
});
type FixtureArray = z.infer<typeof array>;

const fixture = z
  .object({
    cases: z.array(
      z.object({
        op: z.string(),
        note: z.string(),
        inputs: z.array(array),
        attributes: z.record(z.string(), z.unknown()),
        output: array,
        cotangent: array,
        directions: z.array(array.nullable()).optional(),
        gradients: z.array(array.nullable()),
      }),
    ),
  })
  .parse(JSON.parse(readFileSync(new URL('./fixtures/primitives.json', import.meta.url), 'utf8')));
type FixtureCase = (typeof fixture.cases)[number];

/** Makes an operation of a case's attributes. */
type Make = (attributes: Record<string, unknown>) => (...inputs: t.Tensor[]) => t.Tensor;

const axisOf = z.object({ axis: z.number() });
const lastAxisOf = z.object({ axis: z.literal(-1) });
const axesOf = z.object({ axes: z.array(z.number()), keepDims: z.boolean() });
const shapeOf = z.object({ shape: z.array(z.number()) });
const perAxis = z.array(z.number());

const plain =
  (fn: (...inputs: t.Tensor[]) => t.Tensor): Make =>
  (attributes) => {
    z.strictObject({}).parse(attributes);
    return fn;
  };
const reduction =
  (fn: typeof t.sum): Make =>
  (attributes) => {
    const { axes, keepDims } = axesOf.parse(attributes);
    return (x) => fn(x, axes, { keepDims });
  };
const onLastAxis =
  (fn: (x: t.Tensor) => t.Tensor): Make =>
  (attributes) => {
    lastAxisOf.parse(attributes);
    return fn;
  };

/** Every `step`-th element of an axis from `start` to `end`. */
function stride(x: t.Tensor, axis: number, start: number, end: number, step: number): t.Tensor {
  if (step === 1) return t.slice(x, axis, start, end);
  const shape = x.shape.map((d, i) => (i === axis ? Math.ceil((end - start) / step) : d));
  const along = shape.map((d, i) => (i === axis ? d : 1));
  const picked = Int32Array.from({ length: shape[axis] }, (_, i) => start + i * step);
  return t.takeAlong(x, t.broadcastTo(t.constant(picked, along), shape), axis);
}

/** Rotary positions with tables made here, for every position up to 15. */
const rotary: Make = (attributes) => (x, positions) => {
  const { heads, theta } = z.object({ heads: z.number(), theta: z.number() }).parse(attributes);
  const half = x.shape[2] / heads / 2;
  const angles = Array.from(
    { length: 16 * half },
    (_, i) => Math.floor(i / half) * theta ** (-(i % half) / half),
  );
  const table = (fn: (angle: number) => number) => t.constant(Float32Array.from(angles, fn), [16, half]);
  return t.rotary(x, positions, table(Math.cos), table(Math.sin), heads);
};

const operations: Record<string, Make> = {
  neg: plain(t.neg),
  exp: plain(t.exp),
  log: plain(t.log),
  sqrt: plain(t.sqrt),
  rsqrt: plain(t.rsqrt),
  tanh: plain(t.tanh),
  sigmoid: plain(t.sigmoid),
  abs: plain(t.abs),
  sign: plain(t.sign),
  sin: plain(t.sin),
  cos: plain(t.cos),
  erf: plain(t.erf),
  relu: plain(t.relu),
  softplus: plain(t.softplus),
  silu: plain(t.silu),
  add: plain(t.add),
  sub: plain(t.sub),
  mul: plain(t.mul),
  div: plain(t.div),
  pow: plain(t.pow),
  maximum: plain(t.maximum),
  minimum: plain(t.minimum),
  where: plain(t.where),
  clip: (attributes) => {
    const bound = z.number().nullable();
    const { low, high } = z.object({ low: bound, high: bound }).parse(attributes);
    return (x) => t.clip(x, low ?? -Infinity, high ?? Infinity);
  },
  matmul: plain((a, b) => t.matmul(a, b)),
  sum: reduction(t.sum),
  mean: reduction(t.mean),
  max: reduction(t.max),
  reshape: (attributes) => (x) => t.reshape(x, shapeOf.parse(attributes).shape),
  broadcastTo: (attributes) => (x) => t.broadcastTo(x, shapeOf.parse(attributes).shape),
  transpose: (attributes) => (x) =>
    t.transpose(x, z.object({ permutation: perAxis }).parse(attributes).permutation),
  slice: (attributes) => (x) => {
    const { starts, ends, steps } = z
      .object({ starts: perAxis, ends: perAxis, steps: perAxis })
      .parse(attributes);
    return starts.reduce((y, start, axis) => stride(y, axis, start, ends[axis], steps[axis]), x);
  },
  pad: (attributes) => (x) => {
    const { before, after, value } = z
      .object({ before: perAxis, after: perAxis, value: z.number() })
      .parse(attributes);
    return t.add(
      before.reduce((y, width, axis) => t.pad(y, axis, width, after[axis]), t.sub(x, value)),
      value,
    );
  },
  concat:
    (attributes) =>
    (...xs) =>
      t.concat(xs, axisOf.parse(attributes).axis),
  gather: (attributes) => {
    z.object({ axis: z.literal(0) }).parse(attributes);
    return (x, indices) => t.gather(x, indices);
  },
  takeAlongAxis: (attributes) => (x, indices) => t.takeAlong(x, indices, axisOf.parse(attributes).axis),
  scatterAdd: (attributes) => (x, indices) =>
    t.scatterAdd(x, indices, z.object({ rows: z.number() }).parse(attributes).rows),
  addAlong: (attributes) => (x, indices, updates) =>
    t.addAlong(x, indices, updates, axisOf.parse(attributes).axis),
  tokenLogProb: plain(t.tokenLogProb),
  rotary,
  attention: (attributes) => (q, k, v, mask) =>
    t.attention(q, k, v, mask, z.object({ scale: z.number() }).parse(attributes).scale),
  softmax: onLastAxis(t.softmax),
  logSoftmax: onLastAxis(t.logSoftmax),
  logSumExp: (attributes) => {
    const { keepDims } = z.object({ axis: z.literal(-1), keepDims: z.boolean() }).parse(attributes);
    return (x) => {
      const y = t.logSumExp(x);
      return keepDims ? t.reshape(y, [...y.shape, 1]) : y;
    };
  },
  cumsum: (attributes) => (x) => t.cumsum(x, axisOf.parse(attributes).axis),
  rmsNorm: (attributes) => (x, weight) =>
    t.rmsNorm(x, weight, z.object({ epsilon: z.number() }).parse(attributes).epsilon),
};

function native({ shape, data, dtype }: FixtureArray): t.NativeTensor {
  if (dtype === 'bool') return t.NativeTensor.wrap(Uint8Array.from(data), 'bool', shape);
  if (dtype === 'int') return t.NativeTensor.wrap(BigInt64Array.from(data, BigInt), 'i64', shape);
  return t.array(data, shape);
}

/** Within 1e-5 of the largest number of the array, or 1e-5. */
function expectClose(actual: t.NativeTensor, expected: FixtureArray): void {
  expect(actual.shape).toEqual(expected.shape);
  const scale = expected.data.reduce((most, x) => Math.max(most, Math.abs(x)), 1);
  expected.data.forEach((x, i) => {
    const error = Math.abs(Number(actual.data[i]) - x) / scale;
    expect(error, `element ${i}: got ${actual.data[i]}, PyTorch has ${x}`).toBeLessThan(1e-5);
  });
}

function operation({ op, attributes }: FixtureCase): (...inputs: t.Tensor[]) => t.Tensor {
  const make = operations[op.replace('secondOrder:', '')];
  if (make === undefined) throw new Error(`the fixture's operation ${op} is not mapped in pytorch.test.ts`);
  return make(attributes);
}

/** Value and gradients of a first-order case, or of Σ gradient · direction for a second-order one. */
function trace(one: FixtureCase, xs: readonly t.Tensor[]) {
  const { cotangent, directions, inputs } = one;
  const wrt = xs.filter((_, i) => inputs[i].dtype === undefined);
  const y = operation(one)(...xs);
  const weight = t.constant(Float32Array.from(cotangent.data), cotangent.shape);
  const gradients = t.vjp([y], [weight], wrt);
  if (directions === undefined) return { value: y, gradients };
  const directed = directions
    .filter((direction) => direction !== null)
    .map(({ data, shape }, i) => t.sum(t.mul(gradients[i], t.constant(Float32Array.from(data), shape))));
  const value = directed.reduce((a, b) => t.add(a, b));
  return { value, gradients: t.grad(value, wrt) };
}

describe('PyTorch', () => {
  it('every differentiable primitive has figures', () => {
    const reached = new Set<string>();
    for (const one of fixture.cases) {
      const y = operation(one)(...one.inputs.map((x, i) => input(native(x), `${i}`)));
      for (const node of topologicalOrder([y])) reached.add(node.primitive.name);
    }
    // These hand on their input: PyTorch has no figures for them.
    for (const name of ['checkpoint', 'after']) reached.add(name);
    const missing = t.primitiveNames().filter((name) => t.isDifferentiable(name) && !reached.has(name));
    expect(missing).toEqual([]);
  });

  it('the fixture holds first-order and second-order cases', () => {
    const second = fixture.cases.filter(({ op }) => op.startsWith('secondOrder:'));
    expect(second.length).toBeGreaterThan(10);
    expect(fixture.cases.length - second.length).toBeGreaterThan(100);
    for (const one of second) expect(one.directions).toBeDefined();
  });

  it.each(fixture.cases)('$op: $note', (one) => {
    const inputs = one.inputs.map(native);
    const program = t.compile<t.Tensor[], { value: t.Tensor; gradients: t.Tensor[] }>(
      (xs) => trace(one, xs),
      inputs.map((x) => t.spec(x.dtype, x.shape)),
    );
    const results = program.allocateOutputs() as { value: t.NativeTensor; gradients: t.NativeTensor[] };
    program.bind(inputs, results).runSync();
    expectClose(results.value, one.output);
    const expected = one.gradients.filter((gradient) => gradient !== null);
    expect(results.gradients).toHaveLength(expected.length);
    expected.forEach((gradient, i) => {
      expectClose(results.gradients[i], gradient);
    });
  });
});
