/** Reverse-mode differentiation: one vector-Jacobian rule a primitive, each written in primitives, so gradients nest. */

import { add, div, mul, pow, sub } from './primitives/binary.ts';
import { after, type Checkpoint, outside } from './primitives/checkpoint.ts';
import { and, cast, equal, greater, greaterOrEqual, less, lessOrEqual, where } from './primitives/compare.ts';
import { scalar } from './primitives/constant.ts';
import { cos, exp, log, neg, sigmoid, sign, sin } from './primitives/elementwise.ts';
import { addAlong, gather, scatterAdd, takeAlong } from './primitives/indexing.ts';
import { matmul } from './primitives/linear.ts';
import { cumsum, sum, sumTo } from './primitives/reduce.ts';
import { rotary } from './primitives/rotary.ts';
import { broadcastTo, pad, reshape, slice, transpose } from './primitives/shaping.ts';
import { reducedShape, type Shape, ShapeError, sameShape, show } from './shape.ts';
import type { Node, Tensor } from './tensor.ts';

type Cotangents = readonly (Tensor | undefined)[];

/**
 * Cotangents of a node's outputs → cotangents of its inputs (undefined where none flows). Those that `wanted` denies are
 * not used.
 */
type Rule = (node: Node<never>, cotangents: Cotangents, wanted: (x: Tensor) => boolean) => Cotangents;

const rules = new Map<string, Rule>();

/** Registers the rule of a primitive with one output. */
function rule<A = null>(
  name: string,
  fn: (g: Tensor, inputs: readonly Tensor[], y: Tensor, attributes: A) => Cotangents,
) {
  rules.set(name, (node, [g]) => (g ? fn(g, node.inputs, node.outputs[0], node.attributes as A) : []));
}

/** Registers the rule of an elementwise primitive of one array. */
function unary(name: string, fn: (g: Tensor, x: Tensor, y: Tensor) => Tensor | undefined) {
  rule(name, (g, [x], y) => [fn(g, x, y)]);
}

/** Registers the rule of a broadcasting primitive of two arrays. */
function binary(name: string, fn: (g: Tensor, a: Tensor, b: Tensor, y: Tensor) => [Tensor, Tensor]) {
  rule(name, (g, [a, b], y) => {
    const [da, db] = fn(g, a, b, y);
    return [sumTo(da, a.shape), sumTo(db, b.shape)];
  });
}

unary('neg', (g) => neg(g));
unary('exp', (g, _x, y) => mul(g, y));
unary('log', (g, x) => div(g, x));
unary('sqrt', (g, _x, y) => div(mul(g, 0.5), y));
unary('reciprocal', (g, _x, y) => neg(mul(g, mul(y, y))));
unary('tanh', (g, _x, y) => mul(g, sub(1, mul(y, y))));
unary('sigmoid', (g, _x, y) => mul(g, mul(y, sub(1, y))));
unary('sign', () => undefined);
unary('abs', (g, x) => mul(g, sign(x)));
unary('sin', (g, x) => mul(g, cos(x)));
unary('cos', (g, x) => neg(mul(g, sin(x))));
unary('erf', (g, x) => mul(g, mul(exp(neg(mul(x, x))), 2 / Math.sqrt(Math.PI))));
unary('softplus', (g, x) => mul(g, sigmoid(x)));
unary('relu', (g, x) => mul(g, cast(greater(x, 0), 'f32')));
unary('silu', (g, x, y) => {
  const s = sigmoid(x);
  return mul(g, add(s, mul(y, sub(1, s))));
});

binary('add', (g) => [g, g]);
binary('sub', (g) => [g, neg(g)]);
binary('mul', (g, a, b) => [mul(g, b), mul(g, a)]);
binary('div', (g, _a, b, y) => {
  const da = div(g, b);
  return [da, neg(mul(da, y))];
});
binary('pow', (g, a, b, y) => [mul(g, mul(b, pow(a, sub(b, 1)))), mul(g, mul(y, log(a)))]);

/** The share of a gradient that a winner of maximum or minimum gets; ties share it half and half, as in PyTorch. */
function share(g: Tensor, a: Tensor, b: Tensor, wins: Tensor): Tensor {
  return mul(g, add(cast(wins, 'f32'), mul(cast(equal(a, b), 'f32'), 0.5)));
}
binary('maximum', (g, a, b) => [share(g, a, b, greater(a, b)), share(g, a, b, less(a, b))]);
binary('minimum', (g, a, b) => [share(g, a, b, less(a, b)), share(g, a, b, greater(a, b))]);

rule('where', (g, [condition, a, b]) => [
  undefined,
  sumTo(where(condition, g, 0), a.shape),
  sumTo(where(condition, 0, g), b.shape),
]);
rule<{ low: number; high: number }>('clip', (g, [x], _y, { low, high }) => [
  mul(g, cast(and(greaterOrEqual(x, low), lessOrEqual(x, high)), 'f32')),
]);

/** A reduced array stretched back over the axes it lost. */
function spread(g: Tensor, shape: Shape, axes: Shape): Tensor {
  return broadcastTo(reshape(g, reducedShape(shape, axes, true)), shape);
}
rule<{ axes: Shape }>('sum', (g, [x], _y, { axes }) => [spread(g, x.shape, axes)]);
rule<{ axes: Shape }>('max', (g, [x], y, { axes }) => {
  const winners = cast(equal(x, spread(y, x.shape, axes)), 'f32');
  return [mul(div(winners, sum(winners, axes, { keepDims: true })), spread(g, x.shape, axes))];
});
rule<{ axis: number; reverse: boolean }>('cumsum', (g, _x, _y, { axis, reverse }) => [
  cumsum(g, axis, { reverse: !reverse }),
]);

rule('reshape', (g, [x]) => [reshape(g, x.shape)]);
rule<{ order: Shape }>('transpose', (g, _x, _y, { order }) => [
  transpose(
    g,
    order.map((_, i) => order.indexOf(i)),
  ),
]);
rule('broadcastTo', (g, [x]) => [sumTo(g, x.shape)]);
rule<{ axis: number; start: number; end: number }>('slice', (g, [x], _y, { axis, start, end }) => [
  pad(g, axis, start, x.shape[axis] - end),
]);
rule<{ axis: number; before: number }>('pad', (g, [x], _y, { axis, before }) => [
  slice(g, axis, before, before + x.shape[axis]),
]);
rule<{ axis: number }>('concat', (g, inputs, _y, { axis }) => {
  let end = 0;
  return inputs.map((x) => {
    const start = end;
    end += x.shape[axis];
    return slice(g, axis, start, end);
  });
});

rule<{ transposeA: boolean; transposeB: boolean; scale: number }>('matmul', (g, [a, b], _y, options) => {
  const { transposeA, transposeB, scale } = options;
  const da = transposeA
    ? matmul(b, g, { transposeA: transposeB, transposeB: true, scale })
    : matmul(g, b, { transposeB: !transposeB, scale });
  const db = transposeB
    ? matmul(g, a, { transposeA: true, transposeB: transposeA, scale })
    : matmul(a, g, { transposeA: !transposeA, scale });
  return [sumTo(da, a.shape), sumTo(db, b.shape)];
});

rule('gather', (g, [x, indices]) => [scatterAdd(g, indices, x.shape[0]), undefined]);
rule('scatterAdd', (g, [_updates, indices]) => [gather(g, indices), undefined]);
rule<{ axis: number }>('takeAlong', (g, [x, indices], _y, { axis }) => [
  addAlong(broadcastTo(scalar(0), x.shape), indices, g, axis),
  undefined,
]);
rule<{ axis: number }>('addAlong', (g, [_x, indices], _y, { axis }) => [
  g,
  undefined,
  takeAlong(g, indices, axis),
]);

rule('softmax', (g, _x, y) => {
  const gy = mul(g, y);
  return [sub(gy, mul(y, sum(gy, -1, { keepDims: true })))];
});
rule('logSoftmax', (g, _x, y) => [sub(g, mul(exp(y), sum(g, -1, { keepDims: true })))]);
rules.set('tokenLogProb', (node, [g, gAll]) => {
  const ids = node.inputs[1];
  const all = node.outputs[1];
  const column = g && reshape(g, [g.shape[0], 1]);
  // d logp/d logits = onehot(id) - softmax; `gAll`, the cotangent of every log-probability, appears in gradients of gradients.
  const own = column && addAlong(mul(neg(column), exp(all)), reshape(ids, [-1, 1]), column);
  const other = gAll && sub(gAll, mul(exp(all), sum(gAll, -1, { keepDims: true })));
  return [own && other ? add(own, other) : (own ?? other), undefined];
});
rules.set('rmsNorm', (node, [g, gInverse]) => {
  const [x, weight] = node.inputs;
  const inverse = node.outputs[1];
  const width = weight.shape[0];
  // Σ over the width, and over the rows, are products with a vector: one pass each.
  const column = (w: Tensor) => reshape(w, [width, 1]);
  const gx = g && mul(g, x);
  // The gradient of the inverse root mean square, [..., 1].
  let inward = gx && reshape(matmul(reshape(gx, [-1, width]), column(weight)), inverse.shape);
  if (gInverse) inward = inward ? add(inward, gInverse) : gInverse;
  if (!inward) return [];
  const through = mul(x, mul(inward, mul(mul(inverse, mul(inverse, inverse)), -1 / width)));
  if (!g || !gx) return [through, undefined];
  const rows = (t: Tensor) => reshape(t, [-1, t.shape[t.shape.length - 1]]);
  const dWeight = matmul(rows(inverse), rows(gx), { transposeA: true });
  return [add(mul(mul(g, weight), inverse), through), reshape(dWeight, [width])];
});
rules.set('attention', (node, [g, gWeights], wanted) => {
  const [q, k, v, mask] = node.inputs;
  const [mixed, weights] = node.outputs;
  const { scale } = node.attributes as { scale: number };
  // Query heads that share a key-value head, one below the other.
  const folded = (x: Tensor) => reshape(x, [...k.shape.slice(0, 2), -1, x.shape[3]]);
  let inward = g && reshape(matmul(folded(g), v, { transposeB: true }), weights.shape);
  if (gWeights) inward = inward ? add(inward, gWeights) : gWeights;
  if (!inward) return [];
  // Σ over the keys of weights · inward: the same as g · mixed, which has fewer elements.
  const level = sum(g && !gWeights ? mul(g, mixed) : mul(inward, weights), -1, { keepDims: true });
  const gScores = mul(sub(inward, level), weights);
  return [
    reshape(matmul(folded(gScores), k, { scale }), q.shape),
    matmul(folded(gScores), folded(q), { transposeA: true, scale }),
    g && matmul(folded(weights), folded(g), { transposeA: true }),
    wanted(mask) ? sumTo(gScores, mask.shape) : undefined,
  ];
});
rule<{ heads: number }>('rotary', (g, [_x, positions, cosine, sine], _y, { heads }) => [
  rotary(g, positions, cosine, neg(sine), heads),
  undefined,
  undefined,
  undefined,
]);

rule('after', (g, inputs) => inputs.map((_, i) => (i === 0 ? g : undefined)));
rules.set('checkpoint', (node, cotangents, wanted) => {
  const { piece, outputs: count, inputs } = node.attributes as Checkpoint;
  const signal = cotangents.find((g) => g !== undefined) as Tensor;
  const saved = node.inputs.slice(count, count + inputs);
  const again = saved.map((x) => (x.dtype === 'f32' ? after(x, [signal]) : x));
  const outputs = piece(again);
  const flowing = outputs.flatMap((x, i) => (cotangents[i] ? [{ x, g: cotangents[i] as Tensor }] : []));
  const read = [...again, ...outside(outputs, again)];
  const wrt = read.map((x, i) => (wanted(node.inputs[count + i]) ? x : undefined));
  const leaves = new Set(read.map((x) => x.node));
  const pulled = pull(
    flowing.map(({ x }) => x),
    flowing.map(({ g }) => g),
    new Set(wrt.flatMap((x) => (x ? [x.node] : []))),
    (node) => !leaves.has(node),
  );
  const inward = wrt.map((x) => x && pulled.get(x));
  // What is pulled back further waits for the other gradients: so all that was made anew can go before.
  const others = inward.slice(inputs).flatMap((g) => g ?? []);
  return [
    ...outputs.map(() => undefined),
    ...inward.slice(0, inputs).map((g) => g && after(g, others)),
    ...inward.slice(inputs),
  ];
});

/** Whether gradients flow through a primitive of this name. */
export function isDifferentiable(name: string): boolean {
  return rules.has(name);
}

/** Nodes that lead to `outputs`, every node after the ones it reads: its inputs, unless `reads` says otherwise. */
export function topologicalOrder(
  outputs: readonly Tensor[],
  reads: (node: Node) => readonly Tensor[] = (node) => node.inputs,
): Node[] {
  const order: Node[] = [];
  const seen = new Set<Node>();
  const stack: { node: Node; inputs: readonly Tensor[]; next: number }[] = [];
  const visit = (node: Node) => {
    if (seen.has(node)) return;
    seen.add(node);
    stack.push({ node, inputs: reads(node), next: 0 });
  };
  for (const output of outputs) {
    visit(output.node);
    while (stack.length > 0) {
      const top = stack[stack.length - 1];
      if (top.next < top.inputs.length) {
        visit(top.inputs[top.next++].node);
      } else {
        order.push(top.node);
        stack.pop();
      }
    }
  }
  return order;
}

/**
 * Pulls cotangents of `outputs` back to `wrt`: Σ cotangentᵢ · ∂outputᵢ/∂wrt, zeros where nothing flows.
 * Nodes that `wrt` does not reach are not differentiated.
 * Throws a ShapeError when a cotangent has not the type and shape of its output, or one of `wrt` is not float32.
 */
export function vjp(
  outputs: readonly Tensor[],
  cotangents: readonly Tensor[],
  wrt: readonly Tensor[],
): Tensor[] {
  checkPull(outputs, cotangents, wrt);
  const pulled = pull(outputs, cotangents, new Set(wrt.map((x) => x.node)), () => true);
  return wrt.map((x) => pulled.get(x) ?? broadcastTo(scalar(0), x.shape));
}

/**
 * Cotangents of every array between `outputs` and the nodes `sources`, those included. Nothing is pulled through a node
 * for which `passes` is false.
 */
function pull(
  outputs: readonly Tensor[],
  cotangents: readonly Tensor[],
  sources: ReadonlySet<Node>,
  passes: (node: Node) => boolean,
): Map<Tensor, Tensor> {
  const order = topologicalOrder(outputs, (node) => (passes(node) ? node.inputs : []));
  const active = new Set<Node>(sources);
  for (const node of order)
    if (rules.has(node.primitive.name) && node.inputs.some((x) => active.has(x.node))) active.add(node);
  const collected = new Map<Tensor, Tensor>();
  const collect = (x: Tensor, g: Tensor) => {
    const known = collected.get(x);
    collected.set(x, known ? add(known, g) : g);
  };
  outputs.forEach((x, i) => {
    collect(x, cotangents[i]);
  });
  for (let i = order.length - 1; i >= 0; i--) {
    const node = order[i];
    const apply = rules.get(node.primitive.name);
    if (!apply || !active.has(node) || !passes(node)) continue;
    const own = node.outputs.map((x) => collected.get(x));
    if (own.every((g) => g === undefined)) continue;
    const inward = apply(node as Node<never>, own, (x) => active.has(x.node));
    node.inputs.forEach((x, k) => {
      const g = inward[k];
      if (g && active.has(x.node)) collect(x, g);
    });
  }
  return collected;
}

function checkPull(outputs: readonly Tensor[], cotangents: readonly Tensor[], wrt: readonly Tensor[]): void {
  if (outputs.length !== cotangents.length)
    throw new ShapeError(`vjp: ${outputs.length} outputs and ${cotangents.length} cotangents`);
  outputs.forEach((x, i) => {
    const c = cotangents[i];
    if (x.dtype !== 'f32' || c.dtype !== 'f32' || !sameShape(x.shape, c.shape))
      throw new ShapeError(
        `vjp: cotangent ${i} is ${c.dtype}${show(c.shape)} for an output that is ${x.dtype}${show(x.shape)}`,
      );
  });
  wrt.forEach((x, i) => {
    if (x.dtype !== 'f32')
      throw new ShapeError(`vjp: no gradient with respect to array ${i}, ${x.dtype}${show(x.shape)}`);
  });
}

/** Gradients of a scalar with respect to each of `wrt`. Throws a RangeError unless `loss` is a float32 scalar. */
export function grad(loss: Tensor, wrt: readonly Tensor[]): Tensor[] {
  if (loss.shape.length !== 0 || loss.dtype !== 'f32')
    throw new RangeError(
      `grad: the loss has type ${loss.dtype} and shape [${loss.shape}], expected a float32 scalar`,
    );
  return vjp([loss], [scalar(1)], wrt);
}
