/** What a token costs a model, in time and memory: how much of a batch fits in a run, and how rows are best filled. */
import type { ModelConfig } from '../../nn/index.ts';

const FLOAT_BYTES = 4;

/** What one multiplication of attention costs, in those of projections: softmax and masks come along. */
const ATTENTION_FACTOR = 1.3;

/** A head with less than this share of the model's multiplications is small. */
const SMALL_HEAD = 0.1;

/** Arrays of a block's width in use at once while a block is scored. */
const SCORING_SHARE = 1;
/** The same of a block that is computed anew and differentiated, in what it keeps for the backward pass. */
const RECOMPUTING_SHARE = 3;

/**
 * What attention adds to a token's time for each token of its row: products with one key and one value, against a block's
 * projections.
 */
export function attentionCost(config: ModelConfig): number {
  return (ATTENTION_FACTOR * 2 * config.heads * config.headDim) / projections(config);
}

/** Multiplications of a block's projections, a token. */
function projections({ hiddenSize, intermediateSize, heads, kvHeads, headDim }: ModelConfig): number {
  return hiddenSize * (2 * (heads + kvHeads) * headDim + 3 * intermediateSize);
}

/**
 * Room for `count` scored tokens among `tokens`: a quarter of them, half, three quarters, or all; always all where the head
 * is a small part of the model, so that programs are few.
 */
export function scoredRoom(config: ModelConfig, count: number, tokens: number): number {
  const head = config.vocabSize * config.hiddenSize;
  const quarters = Math.max(1, Math.ceil((4 * count) / tokens));
  const small = head < SMALL_HEAD * (head + config.layers * projections(config));
  return small || quarters > 3 ? tokens : Math.ceil((quarters * tokens) / 4);
}

/** Bytes that a block keeps for its backward pass, for each token of rows of `length` tokens. */
function blockBytes({ hiddenSize, intermediateSize, heads, headDim }: ModelConfig, length: number): number {
  return FLOAT_BYTES * (4 * hiddenSize + 7 * heads * headDim + heads * length + 4 * intermediateSize);
}

/** What a block makes stays in a processor's last cache, which has this much on common machines, until it is read again. */
const CACHE_BYTES = 24 * 2 ** 20;
/** Shorter runs spend their time reading weights. */
const SHORTEST_RUN = 512;

/**
 * Tokens of one learning run, in rows of `length`: as many as keep what a block makes in the cache. A step of 32 x 128
 * tokens of a model of width 256 took 711 ms as one run, 569 ms as runs of 1024 tokens, and 703 ms of 512 (medians).
 */
export function cachedTokens(config: ModelConfig, length: number): number {
  return Math.max(SHORTEST_RUN, Math.floor(CACHE_BYTES / blockBytes(config, length)));
}

/** Bytes of activations a token while learning, for rows of `length` tokens; logits come in pieces of fixed size. */
export function learningBytes(config: ModelConfig, length: number, recompute: boolean): number {
  const block = blockBytes(config, length);
  if (!recompute) return config.layers * block;
  return config.layers * FLOAT_BYTES * config.hiddenSize + RECOMPUTING_SHARE * block;
}

/** Bytes of activations a token while scoring, for rows of `length` tokens. */
export function scoringBytes(config: ModelConfig, length: number): number {
  return SCORING_SHARE * blockBytes(config, length);
}
