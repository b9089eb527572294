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
export {
  createDecoder,
  createOnnxEngine,
  type DecodedPrompt,
  type DecodedRow,
  type Decoder,
  type DecodingSession,
  type EngineLimits,
  type NextTokens,
  type OnnxEngineOptions,
  type Picked,
  TokenPicker,
} from './onnx/index.ts';
