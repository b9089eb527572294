/** Decoding several models together as one that was never trained. */
export { atTemperature, emulatedLogprobs, type TuningDelta } from './combine.ts';
export {
  type DecodingCounts,
  type EmulatedEngine,
  type EmulationOptions,
  emulatedEngine,
  type TunedPair,
} from './emulated-engine.ts';
