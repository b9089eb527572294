/** Memory that a program writes the next tokens' probabilities to. */
import type { ModelConfig } from '../../nn/index.ts';
import { NativeTensor } from '../../tensor/index.ts';
import type { NextTokens } from './pick-token.ts';

/** [rows, vocabSize] each, see `NextTokens`. */
export type NextTensors = { logprobs: NativeTensor; weights: NativeTensor };

/** Room for the next tokens of `rows` rows. */
export function nextTensors({ vocabSize }: ModelConfig, rows: number): NextTensors {
  const zeros = () => NativeTensor.zeros('f32', [rows, vocabSize]);
  return { logprobs: zeros(), weights: zeros() };
}

/** The same memory as arrays. */
export function nextTokens({ logprobs, weights }: NextTensors): NextTokens {
  return { logprobs: logprobs.data as Float32Array, weights: weights.data as Float32Array };
}
