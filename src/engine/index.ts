/** The engine contract and its embedded implementation. */
export type {
  Engine,
  EngineSnapshot,
  ForwardOutput,
  FrozenEngine,
  OptimResult,
  OptimSettings,
  SampleOptions,
  SampleRequest,
  SamplingParams,
  StepResult,
  TrainingBatch,
  Want,
} from './engine.ts';
export type { Objective, ObjectiveInputs } from './objective.ts';
export { createOnnxEngine, type EngineLimits, type OnnxEngineOptions } from './onnx/index.ts';
