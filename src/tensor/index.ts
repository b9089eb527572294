/** Array programs in TypeScript: trace, differentiate, compile to ONNX, run on ONNX Runtime. */
export {
  type GradientChecker,
  type GradientMismatch,
  type GradientReport,
  gradientChecker,
  gradientOf,
  type ListFunction,
} from './gradcheck.ts';
export { grad, isDifferentiable, vjp } from './gradients.ts';
export { attention } from './primitives/attention.ts';
export { add, div, maximum, minimum, mul, type Operand, pow, square, sub } from './primitives/binary.ts';
export { after, checkpoint, type Piece } from './primitives/checkpoint.ts';
export {
  and,
  cast,
  clip,
  equal,
  greater,
  greaterOrEqual,
  less,
  lessOrEqual,
  not,
  or,
  where,
} from './primitives/compare.ts';
export { constant, scalar, stopGradient } from './primitives/constant.ts';
export {
  abs,
  cos,
  erf,
  exp,
  log,
  neg,
  reciprocal,
  relu,
  rsqrt,
  sigmoid,
  sign,
  silu,
  sin,
  softplus,
  sqrt,
  tanh,
} from './primitives/elementwise.ts';
export { addAlong, gather, scatterAdd, takeAlong, writeRows } from './primitives/indexing.ts';
export { int8Product, type QuantisedRows, quantiseRows } from './primitives/int8.ts';
export { linear, type MatmulOptions, matmul } from './primitives/linear.ts';
export {
  candidateLogProbs,
  logSoftmax,
  logSumExp,
  rmsNorm,
  softmax,
  tokenLogProb,
} from './primitives/normalise.ts';
export { argmax, cumsum, max, mean, type ReduceOptions, sum } from './primitives/reduce.ts';
export { rotary } from './primitives/rotary.ts';
export { broadcastTo, concat, pad, reshape, slice, transpose } from './primitives/shaping.ts';
export {
  type ArrayFunction,
  array,
  type CompileOptions,
  compile,
  intArray,
  type Jitted,
  jit,
  Program,
} from './program.ts';
export {
  type BoundRun,
  checkDevice,
  configureRuntime,
  DEVICES,
  type Device,
  type DType,
  defaultDevice,
  idleThreadsSpin,
  laneCount,
  type NativeArray,
  NativeTensor,
  runTogether,
  runtimeInfo,
  type SessionOptions,
} from './runtime/index.ts';
export { type Shape, ShapeError } from './shape.ts';
export { primitiveNames, type Spec, spec, Tensor } from './tensor.ts';
export { type Tree, treeEntries, treeLeaves, treeMap, treeUnflatten } from './tree.ts';
