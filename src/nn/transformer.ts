/** The decoder transformer of Llama, Qwen2 and Qwen3, as traced functions of its parameters. */
import {
  add,
  broadcastTo,
  cachedAttention,
  cast,
  constant,
  gather,
  linear,
  matmul,
  mul,
  reshape,
  rmsNorm,
  rotary,
  silu,
  softmax,
  type Tensor,
  transpose,
} from '../tensor/index.ts';
import { isAdapted, type LoraConfig, loraNames } from './lora.ts';
import { inverseFrequencies, type ModelConfig } from './model-config.ts';

/** Traced parameters by their Hugging Face names. */
export type Parameters = Readonly<Record<string, Tensor>>;

/** Added to attention scores of later tokens: e^x is 0 in float32, and no infinity takes part in a subtraction. */
const MASKED = -1e9;

/** The cached attention kernel rotates by itself only heads whose size is a multiple of this. */
const KERNEL_ROTARY_MULTIPLE = 16;

/** A traced model: configuration, parameters, and adapters when it has them. */
export interface Model {
  config: ModelConfig;
  parameters: Parameters;
  lora?: LoraConfig;
}

/** y = W x (+ bias) (+ the adapter's update), by the layer's name. */
function project(model: Model, layer: string, x: Tensor): Tensor {
  const { parameters, lora } = model;
  const y = linear(x, parameters[`${layer}.weight`], parameters[`${layer}.bias`]);
  if (!lora || !isAdapted(layer, lora)) return y;
  const { a, b } = loraNames(layer);
  return add(y, mul(linear(linear(x, parameters[a]), parameters[b]), lora.alpha / lora.rank));
}

/** Cosines and sines of the rotary angles for positions 0..length-1: [length, D/2] each. */
export function rotaryTables(config: ModelConfig, length: number): { cos: Tensor; sin: Tensor } {
  const frequencies = inverseFrequencies(config);
  const half = frequencies.length;
  const cos = new Float32Array(length * half);
  const sin = new Float32Array(length * half);
  for (let position = 0; position < length; position++) {
    for (let i = 0; i < half; i++) {
      const angle = position * frequencies[i];
      cos[position * half + i] = Math.cos(angle);
      sin[position * half + i] = Math.sin(angle);
    }
  }
  return { cos: constant(cos, [length, half]), sin: constant(sin, [length, half]) };
}

/** Normalises every head of q or k [N, heads·D] by a weight [D] (Qwen3). */
function headNorm(x: Tensor, weight: Tensor, heads: number, epsilon: number): Tensor {
  return reshape(rmsNorm(reshape(x, [x.shape[0], heads, -1]), weight, epsilon), x.shape);
}

/** Attention of one layer: q [N, heads·D], k and v [N, kvHeads·D], not yet rotated → [N, heads·D], N = B·T. */
type Attend = (q: Tensor, k: Tensor, v: Tensor, layer: number) => Tensor;

/** All blocks and the final norm: token ids int32 [B, T] → hidden states [B·T, hiddenSize], one row a token. */
function blocks(model: Model, ids: Tensor, attend: Attend): Tensor {
  const { config, parameters } = model;
  let x = gather(parameters['model.embed_tokens.weight'], reshape(ids, [-1]));
  for (let layer = 0; layer < config.layers; layer++) {
    const at = `model.layers.${layer}`;
    const attention = `${at}.self_attn`;
    const normal = rmsNorm(x, parameters[`${at}.input_layernorm.weight`], config.rmsNormEps);
    let q = project(model, `${attention}.q_proj`, normal);
    let k = project(model, `${attention}.k_proj`, normal);
    const v = project(model, `${attention}.v_proj`, normal);
    if (config.qkNorm) {
      q = headNorm(q, parameters[`${attention}.q_norm.weight`], config.heads, config.rmsNormEps);
      k = headNorm(k, parameters[`${attention}.k_norm.weight`], config.kvHeads, config.rmsNormEps);
    }
    x = add(x, project(model, `${attention}.o_proj`, attend(q, k, v, layer)));
    const inner = rmsNorm(x, parameters[`${at}.post_attention_layernorm.weight`], config.rmsNormEps);
    const gate = silu(project(model, `${at}.mlp.gate_proj`, inner));
    const up = project(model, `${at}.mlp.up_proj`, inner);
    x = add(x, project(model, `${at}.mlp.down_proj`, mul(gate, up)));
  }
  return rmsNorm(x, parameters['model.norm.weight'], config.rmsNormEps);
}

/** Rotated keys and values of one layer, [B, kvHeads, T, D] each. */
export interface LayerKeys {
  key: Tensor;
  value: Tensor;
}

/**
 * Hidden states of whole rows under causal attention, differentiable: ids int32 [B, T] → [B, T, hiddenSize].
 * Rows start at position 0; padding after a row's end does not touch what comes before it.
 * `onLayer` receives each layer's keys and values, for filling a cache.
 */
export function forwardHidden(model: Model, ids: Tensor, onLayer?: (keys: LayerKeys) => void): Tensor {
  const { config } = model;
  const { heads, kvHeads, headDim } = config;
  const [batch, length] = ids.shape;
  const tables = rotaryTables(config, length);
  const start = constant(BigInt64Array.of(0n), [1]);
  const mask = causalMask(length);
  const group = heads / kvHeads;
  const byHead = (x: Tensor, count: number) =>
    transpose(reshape(x, [batch, length, count, headDim]), [0, 2, 1, 3]);

  const rotated = (x: Tensor, count: number) =>
    byHead(rotary(reshape(x, [batch, length, -1]), start, tables.cos, tables.sin, count), count);

  const attend: Attend = (q, k, v) => {
    const query = rotated(q, heads);
    const key = rotated(k, kvHeads);
    const value = byHead(v, kvHeads);
    onLayer?.({ key, value });
    const shared = (x: Tensor) =>
      group === 1
        ? x
        : reshape(
            broadcastTo(reshape(x, [batch, kvHeads, 1, length, headDim]), [
              batch,
              kvHeads,
              group,
              length,
              headDim,
            ]),
            [batch, heads, length, headDim],
          );
    const scores = matmul(query, shared(key), { transposeB: true, scale: 1 / Math.sqrt(headDim) });
    const mixed = matmul(softmax(add(scores, mask)), shared(value));
    return reshape(transpose(mixed, [0, 2, 1, 3]), [batch * length, heads * headDim]);
  };
  return reshape(blocks(model, ids, attend), [batch, length, -1]);
}

/** [T, T]: 0 where a token may look, a large negative number at later tokens. */
function causalMask(length: number): Tensor {
  const mask = new Float32Array(length * length);
  for (let i = 0; i < length; i++) mask.fill(MASKED, i * length + i + 1, (i + 1) * length);
  return constant(mask, [length, length]);
}

/** Traced key-value cache of one layer, [B, kvHeads, capacity, D] each. */
export interface LayerCache {
  key: Tensor;
  value: Tensor;
}

/**
 * Hidden states [B, hiddenSize] of the newest token of every row, reading and extending a cache; no gradient.
 * ids int32 [B, 1]; `lastIndex` int32 [B] is the position of that token; `total` int32 scalar is max(lastIndex) + 1.
 */
export function decodeHidden(
  model: Model,
  ids: Tensor,
  cache: readonly LayerCache[],
  lastIndex: Tensor,
  total: Tensor,
): { hidden: Tensor; cache: LayerCache[] } {
  const { config } = model;
  const capacity = cache[0].key.shape[2];
  const tables = rotaryTables(config, capacity);
  const updated: LayerCache[] = [];
  const inside = config.headDim % KERNEL_ROTARY_MULTIPLE === 0;
  const rows = ids.shape[0];
  const position = cast(reshape(lastIndex, [rows, 1]), 'i64');
  const newest = (x: Tensor) => reshape(x, [rows, 1, -1]);
  const rotated = (x: Tensor, heads: number) =>
    inside ? newest(x) : rotary(newest(x), position, tables.cos, tables.sin, heads);
  const attend: Attend = (q, k, v, layer) => {
    const query = rotated(q, config.heads);
    const key = rotated(k, config.kvHeads);
    const { key: pastKey, value: pastValue } = cache[layer];
    const inputs = { query, key, value: newest(v), pastKey, pastValue, lastIndex, total };
    const step = cachedAttention(inputs, inside ? tables : undefined, config);
    updated.push({ key: step.key, value: step.value });
    return reshape(step.output, q.shape);
  };
  return { hidden: blocks(model, ids, attend), cache: updated };
}

/** Next-token logits: hidden [..., hiddenSize] → [..., vocabSize]. */
export function headLogits(model: Model, hidden: Tensor): Tensor {
  if (model.config.tieEmbeddings) return linear(hidden, model.parameters['model.embed_tokens.weight']);
  return project(model, 'lm_head', hidden);
}

/** Value head: hidden [..., hiddenSize] → [...]. */
export function headValues({ parameters }: Model, hidden: Tensor): Tensor {
  const flat = linear(hidden, parameters['value_head.weight'], parameters['value_head.bias']);
  return reshape(flat, hidden.shape.slice(0, -1));
}
