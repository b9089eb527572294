/** The engine contract, its embedded implementation, and several engines decoded together. */

export { constrained } from './constrained.ts';
export {
  atTemperature,
  type DecodingCounts,
  type EmulatedEngine,
  type EmulationOptions,
  emulatedEngine,
  emulatedLogprobs,
  type TunedPair,
  type TuningDelta,
} from './emulated/index.ts';
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
  TokenConstraint,
  TrainingBatch,
  Want,
} from './engine.ts';
export type { Objective, ObjectiveInputs } from './objective.ts';
export {
  Adjuster,
  type Adjustments,
  changesNothing,
  createDecoder,
  createOnnxEngine,
  type DecodedPrompt,
  type DecodedRow,
  type Decoder,
  type DecodingSession,
  type DecodingSettings,
  type EngineLimits,
  type NextTokens,
  type OnnxEngineOptions,
  type Picked,
  TokenPicker,
} from './onnx/index.ts';
