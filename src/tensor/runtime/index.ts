/** Runs ONNX models on ONNX Runtime's C API: tensors, sessions, bound runs, and the writer of model bytes. */
export type { BoundRun } from './bound-run.ts';
export { checkDevice, DEVICES, type Device, defaultDevice } from './device.ts';
export type { DType, NativeArray } from './dtype.ts';
export { configureRuntime, runtimeInfo } from './environment.ts';
export { laneCount, runTogether } from './lanes.ts';
export { NativeTensor } from './native-tensor.ts';
export {
  type AttributeValue,
  encodeModel,
  ONNX_OPSET,
  type OnnxModel,
  type OnnxNode,
  type OnnxTensor,
  type OnnxValueInfo,
} from './onnx-proto.ts';
export { Session, type SessionOptions } from './session.ts';
export { idleThreadsSpin } from './threads.ts';
