/** The embedded engine. */
export { createOnnxEngine, type EngineLimits, type OnnxEngineOptions } from './onnx-engine.ts';
