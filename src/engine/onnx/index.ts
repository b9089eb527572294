/** The embedded engine. */
export { Adjuster, type Adjustments, changesNothing } from './adjust.ts';
export { createDecoder, type Decoder, type DecoderOptions } from './decoder.ts';
export type { DecodedPrompt, DecodedRow, DecodingSession, SessionLimits } from './decoding-session.ts';
export type { DecodingSettings } from './guarded-sampler.ts';
export { createOnnxEngine, type EngineLimits, type OnnxEngineOptions } from './onnx-engine.ts';
export { type NextTokens, type Picked, TokenPicker } from './pick-token.ts';
