/** File formats, parameter memory, the optimiser and schedules for language models. */
export { AdamW, type AdamWResult, type AdamWSettings, type AdamWState, type AdamWStep } from './adamw.ts';
export {
  type ArenaEntry,
  type ArenaPointers,
  type ArenaSlot,
  type ArenaSpan,
  createArena,
  type Moments,
  ParameterArena,
} from './arena.ts';
export { type ReadCheckpointOptions, readCheckpoint } from './checkpoint.ts';
export { decodeHidden, type LayerCache } from './decode.ts';
export { extendHidden, type Past } from './extend.ts';
export { parseModelConfig, toHfConfig } from './hf-config.ts';
export { type Int8Weight, int8Products, linearLayers, quantiseWeights } from './int8.ts';
export { LORA_TARGETS, type LoraConfig, loraNames, mergeLora } from './lora.ts';
export {
  inverseFrequencies,
  type ModelConfig,
  modelConfigSchema,
  type ParameterShape,
  parameterCount,
  parameterShapes,
} from './model-config.ts';
export {
  type Allocate,
  readSafetensors,
  readSafetensorsHeader,
  type SafetensorsTensor,
  type WriteSafetensorsOptions,
  writeSafetensors,
} from './safetensors.ts';
export type { SafetensorsDtype, SafetensorsEntry, SafetensorsHeader } from './safetensors-header.ts';
export { learningRate, type Schedule, type ScheduleInput, scheduleSchema } from './schedules.ts';
export {
  type ForwardOptions,
  forwardHidden,
  headLogits,
  headValues,
  type LayerKeys,
  type Model,
  type Parameters,
} from './transformer.ts';
export {
  allocateWeights,
  copyWeights,
  createWeights,
  loadWeights,
  type ModelWeights,
  type SaveOptions,
  saveWeights,
  type WeightsOptions,
} from './weights.ts';
