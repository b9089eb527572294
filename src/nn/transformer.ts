/** The decoder transformer of Llama, Qwen2 and Qwen3, as traced functions of its parameters. */
import {
  add,
  attention,
  cast,
  checkpoint,
  concat,
  constant,
  equal,
  gather,
  lessOrEqual,
  linear,
  mul,
  or,
  reshape,
  rmsNorm,
  rotary,
  silu,
  slice,
  type Tensor,
  transpose,
  where,
} from '../tensor/index.ts';
import { isAdapted, type LoraConfig, loraNames } from './lora.ts';
import { inverseFrequencies, type ModelConfig } from './model-config.ts';

/** Traced parameters by their Hugging Face names. */
export type Parameters = Readonly<Record<string, Tensor>>;

/** Added to attention scores of later tokens: e^x is 0 in float32, and no infinity takes part in a subtraction. */
export const MASKED = -1e9;

/** A traced model: configuration, parameters, and adapters when it has them. */
export interface Model {
  config: ModelConfig;
  parameters: Parameters;
  lora?: LoraConfig;
  /** Computes W x of a layer, adapters included, in another way than from the parameters: x [..., in] → [..., out]. */
  product?(layer: string, x: Tensor): Tensor;
}

/** y = W x (+ bias) (+ the adapter's update), by the layer's name. */
function project(model: Model, layer: string, x: Tensor): Tensor {
  const { parameters, lora } = model;
  if (model.product) {
    const bias = parameters[`${layer}.bias`];
    const product = model.product(layer, x);
    return bias ? add(product, bias) : product;
  }
  const y = linear(x, parameters[`${layer}.weight`], parameters[`${layer}.bias`]);
  if (!lora || !isAdapted(layer, lora)) return y;
  const { a, b } = loraNames(layer);
  return add(y, mul(linear(linear(x, parameters[a]), parameters[b]), lora.alpha / lora.rank));
}

/** Cosines and sines of the rotary angles for positions 0..length-1, times `scale`: [length, D/2] each. */
export function rotaryTables(config: ModelConfig, length: number, scale = 1): { cos: Tensor; sin: Tensor } {
  const frequencies = inverseFrequencies(config);
  const half = frequencies.length;
  const cos = new Float32Array(length * half);
  const sin = new Float32Array(length * half);
  for (let position = 0; position < length; position++) {
    for (let i = 0; i < half; i++) {
      const angle = position * frequencies[i];
      cos[position * half + i] = scale * Math.cos(angle);
      sin[position * half + i] = scale * Math.sin(angle);
    }
  }
  return { cos: constant(cos, [length, half]), sin: constant(sin, [length, half]) };
}

/** Normalises every head of q or k [N, heads·D] by a weight [D] (Qwen3). */
function headNorm(x: Tensor, weight: Tensor, heads: number, epsilon: number): Tensor {
  return reshape(rmsNorm(reshape(x, [x.shape[0], heads, -1]), weight, epsilon), x.shape);
}

/** Attention of one layer: q [N or M, heads·D], k and v [N, kvHeads·D], not yet rotated → like q, N = B·T. */
export type Attend = (q: Tensor, k: Tensor, v: Tensor, layer: number) => Tensor;

export interface BlocksOptions {
  /** Keep only the input of each block for the backward pass. */
  recompute?: boolean;
  /** int32 [M]: the rows whose hidden states are wanted; queries of the last block are theirs alone. Absent: all. */
  wanted?: Tensor;
}

/** All blocks and the final norm: token ids int32 [B, T] → hidden states [B·T or M, hiddenSize], one row a token. */
export function blocks(model: Model, ids: Tensor, attend: Attend, options: BlocksOptions = {}): Tensor {
  const { recompute, wanted } = options;
  const { config, parameters } = model;
  let x = gather(parameters['model.embed_tokens.weight'], reshape(ids, [-1]));
  for (let layer = 0; layer < config.layers; layer++) {
    const rows = layer === config.layers - 1 ? wanted : undefined;
    const one = (input: Tensor) => block(model, input, layer, attend, rows);
    x = recompute ? checkpoint(([input]) => [one(input)], [x])[0] : one(x);
  }
  return rmsNorm(x, parameters['model.norm.weight'], config.rmsNormEps);
}

/** One block: hidden states x [N, hiddenSize] → [N, hiddenSize], or of the wanted rows int32 [M] alone → [M, hiddenSize]. */
function block(model: Model, x: Tensor, layer: number, attend: Attend, wanted?: Tensor): Tensor {
  const { config, parameters } = model;
  const at = `model.layers.${layer}`;
  const own = `${at}.self_attn`;
  const normal = rmsNorm(x, parameters[`${at}.input_layernorm.weight`], config.rmsNormEps);
  const queried = (of: Tensor) => (wanted ? gather(of, wanted) : of);
  let q = project(model, `${own}.q_proj`, queried(normal));
  let k = project(model, `${own}.k_proj`, normal);
  const v = project(model, `${own}.v_proj`, normal);
  if (config.qkNorm) {
    q = headNorm(q, parameters[`${own}.q_norm.weight`], config.heads, config.rmsNormEps);
    k = headNorm(k, parameters[`${own}.k_norm.weight`], config.kvHeads, config.rmsNormEps);
  }
  const middle = add(queried(x), project(model, `${own}.o_proj`, attend(q, k, v, layer)));
  const inner = rmsNorm(middle, parameters[`${at}.post_attention_layernorm.weight`], config.rmsNormEps);
  const gate = silu(project(model, `${at}.mlp.gate_proj`, inner));
  const up = project(model, `${at}.mlp.up_proj`, inner);
  return add(middle, project(model, `${at}.mlp.down_proj`, mul(gate, up)));
}

/** Rotated keys and values of one layer, [B, kvHeads, T, D] each. */
export interface LayerKeys {
  key: Tensor;
  value: Tensor;
}

/** Several sequences in a row: tokens attend within their own. */
export interface Packing {
  /** int64 [B, T]: each token's position in its sequence. */
  positions: Tensor;
  /** int32 [B, T]: equal for tokens of one sequence, different for others of the row. */
  segments: Tensor;
  /** int32 [B, T]: the segment that a token's sequence continues, or its own. Absent: none continues another. */
  parents?: Tensor;
}

export interface ForwardOptions {
  /** Absent: every row is one sequence that starts at position 0. */
  packing?: Packing;
  /** Keep only the input of each block for the backward pass, which computes the block anew. */
  recompute?: boolean;
  /** int32 [B]: the one token of each row whose hidden state is wanted: → [B, hiddenSize]. Not with `packing` or `recompute`. */
  last?: Tensor;
  /** Receives each layer's keys and values, for filling a cache; not with `recompute`. */
  onLayer?(keys: LayerKeys): void;
}

/**
 * Hidden states of whole rows under causal attention, differentiable: ids int32 [B, T] → [B, T, hiddenSize].
 * Padding after a sequence's end does not touch what comes before it.
 */
export function forwardHidden(model: Model, ids: Tensor, options: ForwardOptions = {}): Tensor {
  const { packing, recompute, last, onLayer } = options;
  const { config } = model;
  const { heads, kvHeads, headDim } = config;
  const [batch, length] = ids.shape;
  const tables = rotaryTables(config, length);
  const positions = packing?.positions ?? constant(BigInt64Array.of(0n), [1]);
  const parts = queryParts(length).map(([from, to]) => {
    const causal = causalMask(from, to);
    return { from, to, mask: packing ? withinSegments(causal, packing, from, to) : causal };
  });
  const byHead = (x: Tensor, count: number) =>
    transpose(reshape(x, [batch, length, count, headDim]), [0, 2, 1, 3]);

  const rotated = (x: Tensor, count: number) =>
    byHead(rotary(reshape(x, [batch, length, -1]), positions, tables.cos, tables.sin, count), count);

  const attend: Attend = (q, k, v, layer) => {
    let key = rotated(k, kvHeads);
    let value = byHead(v, kvHeads);
    onLayer?.({ key, value });
    if (last && layer === config.layers - 1) {
      const position = reshape(last, [batch, 1]);
      const mask = reshape(reachMask(position, length), [batch, 1, 1, length]);
      return attendOnce(q, key, value, position, mask, tables, config);
    }
    const query = rotated(q, heads);
    const mixed: Tensor[] = [];
    for (const { from, to, mask } of parts.toReversed()) {
      key = slice(key, 2, 0, to);
      value = slice(value, 2, 0, to);
      mixed.unshift(attention(slice(query, 2, from, to), key, value, mask, 1 / Math.sqrt(headDim)));
    }
    return reshape(transpose(concat(mixed, 2), [0, 2, 1, 3]), [batch * length, heads * headDim]);
  };
  if (last) return blocks(model, ids, attend, { wanted: inRows(last, length) });
  return reshape(blocks(model, ids, attend, { recompute }), [batch, length, -1]);
}

/** Places int32 [B] within rows of `length` tokens, counted from the first row's beginning. */
export function inRows(place: Tensor, length: number): Tensor {
  const [batch] = place.shape;
  const starts = Int32Array.from({ length: batch }, (_, b) => b * length);
  return add(place, constant(starts, [batch]));
}

/** Attention of one token a row, at positions int32 [B, 1], to S keys: q [B, heads·D], mask [B, 1, 1, S] → [B, heads·D]. */
export function attendOnce(
  q: Tensor,
  key: Tensor,
  value: Tensor,
  position: Tensor,
  mask: Tensor,
  { cos, sin }: { cos: Tensor; sin: Tensor },
  { heads, headDim }: ModelConfig,
): Tensor {
  const [batch] = position.shape;
  const query = rotary(reshape(q, [batch, heads, 1, headDim]), cast(position, 'i64'), cos, sin, heads);
  return reshape(attention(query, key, value, mask, 1 / Math.sqrt(headDim)), [batch, heads * headDim]);
}

/** 0 at keys up to a position, a large negative number later: positions int32 [B, 1] → [B, length]. */
export function reachMask(position: Tensor, length: number): Tensor {
  const keys = constant(
    Int32Array.from({ length }, (_, t) => t),
    [1, length],
  );
  return where(lessOrEqual(keys, position), 0, MASKED);
}

/** Queries of long rows are taken in this many parts at most, of this many tokens at least. */
const QUERY_PARTS = 4;
const QUERY_PART_TOKENS = 128;

/**
 * The queries of a row in parts [from, to): those of a part look at keys before its end only, so that most of what the
 * causal mask would hide is not computed (5/8 of the matrix of weights is left with four parts).
 */
function queryParts(length: number): [from: number, to: number][] {
  const count = Math.max(1, Math.min(QUERY_PARTS, Math.floor(length / QUERY_PART_TOKENS)));
  const bound = (i: number) => Math.round((i * length) / count);
  return Array.from({ length: count }, (_, i) => [bound(i), bound(i + 1)]);
}

/** For queries from..to-1 and keys 0..to-1, [1, 1, T, S]: 0 where a token may look, a large negative number later. */
export function causalMask(from: number, to: number): Tensor {
  const mask = new Float32Array((to - from) * to);
  for (let i = from; i < to; i++) mask.fill(MASKED, (i - from) * to + i + 1, (i - from + 1) * to);
  return constant(mask, [1, 1, to - from, to]);
}

/** The mask [1, 1, T, S] within segments and the ones they continue, a large negative number elsewhere: [B, 1, T, S]. */
function withinSegments(mask: Tensor, { segments, parents }: Packing, from: number, to: number): Tensor {
  const batch = segments.shape[0];
  const keys = reshape(slice(segments, 1, 0, to), [batch, 1, 1, to]);
  const looksAt = (of: Tensor) => equal(reshape(slice(of, 1, from, to), [batch, 1, to - from, 1]), keys);
  return where(parents ? or(looksAt(segments), looksAt(parents)) : looksAt(segments), mask, MASKED);
}

/** Next-token logits: hidden [..., hiddenSize] → [..., vocabSize]. */
export function headLogits(model: Model, hidden: Tensor): Tensor {
  if (model.config.tieEmbeddings && !model.product)
    return linear(hidden, model.parameters['model.embed_tokens.weight']);
  return project(model, 'lm_head', hidden);
}

/** Value head: hidden [..., hiddenSize] → [...]. */
export function headValues({ parameters }: Model, hidden: Tensor): Tensor {
  const flat = linear(hidden, parameters['value_head.weight'], parameters['value_head.bias']);
  return reshape(flat, hidden.shape.slice(0, -1));
}
