/** Fused normalisations: softmax, log-softmax, and RMSNorm. */
import { ShapeError, sameShape, show } from '../shape.ts';
import { apply, applyAll, definePrimitive, expectType, type Tensor } from '../tensor.ts';
import { add, sub } from './binary.ts';
import { stopGradient } from './constant.ts';
import { exp, log } from './elementwise.ts';
import { takeAlong } from './indexing.ts';
import { max, sum } from './reduce.ts';
import { reshape } from './shaping.ts';

function lastAxis(name: string, opType: string) {
  const primitive = definePrimitive<null>({
    name,
    infer: ([x]) => {
      expectType(name, x, 'f32');
      if (x.shape.length === 0) throw new ShapeError(`${name}: the array has no axis`);
      return [x];
    },
    emit: (e, [x]) => [e.node(opType, [x], { axis: { i: -1 } })],
  });
  return (x: Tensor): Tensor => apply(primitive, [x], null);
}

/** Softmax over the last axis. */
export const softmax = lastAxis('softmax', 'Softmax');
/** Logarithm of the softmax over the last axis. */
export const logSoftmax = lastAxis('logSoftmax', 'LogSoftmax');

/** log Σ e^x over the last axis, without overflow. */
export function logSumExp(x: Tensor): Tensor {
  const top = stopGradient(max(x, -1, { keepDims: true }));
  return add(log(sum(exp(sub(x, top)), -1)), reshape(top, x.shape.slice(0, -1)));
}

const tokenLogProbPrimitive = definePrimitive<null>({
  name: 'tokenLogProb',
  infer: ([logits, ids]) => {
    expectType('tokenLogProb', logits, 'f32');
    expectType('tokenLogProb', ids, 'i32', 'i64');
    return [
      { dtype: 'f32', shape: ids.shape },
      { dtype: 'f32', shape: logits.shape },
    ];
  },
  emit: (e, [logits, ids], node) => {
    const n = node.inputs[1].shape[0];
    const all = e.node('LogSoftmax', [logits], { axis: { i: -1 } });
    const picked = e.node('GatherElements', [all, e.node('Reshape', [ids, e.ints([n, 1])])], {
      axis: { i: -1 },
    });
    return [e.node('Reshape', [picked, e.ints([n])]), all];
  },
});

/**
 * Log-probability (nats) of one token a row: logits [..., V], ids [...] → [...].
 * Its gradient (one-hot minus softmax) is written without making the one-hot.
 */
export function tokenLogProb(logits: Tensor, ids: Tensor): Tensor {
  if (!sameShape(logits.shape.slice(0, -1), ids.shape))
    throw new ShapeError(
      `tokenLogProb: logits ${show(logits.shape)} and ids ${show(ids.shape)}, expected [...,V] and [...]`,
    );
  const flat = reshape(logits, [-1, logits.shape.at(-1)!]);
  return reshape(applyAll(tokenLogProbPrimitive, [flat, reshape(ids, [-1])], null)[0], ids.shape);
}

/** Log-probabilities (nats) of K candidate tokens a row: logits [N, V], ids [N, K] → [N, K]. */
export function candidateLogProbs(logits: Tensor, ids: Tensor): Tensor {
  return takeAlong(logSoftmax(logits), ids);
}

const rmsNormPrimitive = definePrimitive<{ epsilon: number }>({
  name: 'rmsNorm',
  infer: ([x, weight]) => {
    expectType('rmsNorm', x, 'f32');
    const width = x.shape.at(-1);
    if (weight.shape.length !== 1 || weight.shape[0] !== width)
      throw new ShapeError(`rmsNorm: shapes ${show(x.shape)} and ${show(weight.shape)} do not fit`);
    return [
      { dtype: 'f32', shape: x.shape },
      { dtype: 'f32', shape: [...x.shape.slice(0, -1), 1] },
    ];
  },
  emit: (e, [x, weight], { attributes: { epsilon } }) => {
    const attributes = { axis: { i: -1 }, epsilon: { f: epsilon }, stash_type: { i: 1 } };
    if (e.device === 'cpu') return e.nodeN('SimplifiedLayerNormalization', [x, weight], 2, attributes);
    // ONNX Runtime's WebGPU kernel leaves the second output wrong.
    const mean = e.node('ReduceMean', [e.node('Mul', [x, x]), e.ints([-1])]);
    const shifted = e.node('Add', [mean, e.constant('f32', [], Float32Array.of(epsilon))]);
    return [
      e.node('SimplifiedLayerNormalization', [x, weight], attributes),
      e.node('Reciprocal', [e.node('Sqrt', [shifted])]),
    ];
  },
});

/** x / sqrt(mean(x²) + ε) · weight over the last axis (Zhang and Sennrich, 2019). */
export function rmsNorm(x: Tensor, weight: Tensor, epsilon: number): Tensor {
  return applyAll(rmsNormPrimitive, [x, weight], { epsilon })[0];
}
