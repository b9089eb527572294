/** The decoder transformer of Llama, Qwen2 and Qwen3, as traced functions of its parameters. */
import {
  add,
  broadcastTo,
  checkpoint,
  constant,
  equal,
  gather,
  linear,
  matmul,
  mul,
  or,
  reshape,
  rmsNorm,
  rotary,
  silu,
  softmax,
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

/** Attention of one layer: q [N, heads·D], k and v [N, kvHeads·D], not yet rotated → [N, heads·D], N = B·T. */
export type Attend = (q: Tensor, k: Tensor, v: Tensor, layer: number) => Tensor;

/** All blocks and the final norm: token ids int32 [B, T] → hidden states [B·T, hiddenSize], one row a token. */
export function blocks(model: Model, ids: Tensor, attend: Attend, recompute = false): Tensor {
  const { config, parameters } = model;
  let x = gather(parameters['model.embed_tokens.weight'], reshape(ids, [-1]));
  for (let layer = 0; layer < config.layers; layer++) {
    const one = (input: Tensor) => block(model, input, layer, attend);
    x = recompute ? checkpoint(([input]) => [one(input)], [x])[0] : one(x);
  }
  return rmsNorm(x, parameters['model.norm.weight'], config.rmsNormEps);
}

/** One block: hidden states x [N, hiddenSize] → [N, hiddenSize]. */
function block(model: Model, x: Tensor, layer: number, attend: Attend): Tensor {
  const { config, parameters } = model;
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
  const middle = add(x, project(model, `${attention}.o_proj`, attend(q, k, v, layer)));
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
  /** Receives each layer's keys and values, for filling a cache; not with `recompute`. */
  onLayer?(keys: LayerKeys): void;
}

/**
 * Hidden states of whole rows under causal attention, differentiable: ids int32 [B, T] → [B, T, hiddenSize].
 * Padding after a sequence's end does not touch what comes before it.
 */
export function forwardHidden(model: Model, ids: Tensor, options: ForwardOptions = {}): Tensor {
  const { packing, recompute, onLayer } = options;
  const { config } = model;
  const { heads, kvHeads, headDim } = config;
  const [batch, length] = ids.shape;
  const tables = rotaryTables(config, length);
  const positions = packing?.positions ?? constant(BigInt64Array.of(0n), [1]);
  const mask = packing ? withinSegments(causalMask(length), packing) : causalMask(length);
  const group = heads / kvHeads;
  const byHead = (x: Tensor, count: number) =>
    transpose(reshape(x, [batch, length, count, headDim]), [0, 2, 1, 3]);

  const rotated = (x: Tensor, count: number) =>
    byHead(rotary(reshape(x, [batch, length, -1]), positions, tables.cos, tables.sin, count), count);

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
  return reshape(blocks(model, ids, attend, recompute), [batch, length, -1]);
}

/** [T, T]: 0 where a token may look, a large negative number at later tokens. */
function causalMask(length: number): Tensor {
  const mask = new Float32Array(length * length);
  for (let i = 0; i < length; i++) mask.fill(MASKED, i * length + i + 1, (i + 1) * length);
  return constant(mask, [length, length]);
}

/** The mask [T, T] within segments and the ones they continue, a large negative number elsewhere: [B, 1, T, T]. */
function withinSegments(mask: Tensor, { segments, parents }: Packing): Tensor {
  const [batch, length] = segments.shape;
  const looksAt = (of: Tensor) =>
    equal(reshape(of, [batch, 1, length, 1]), reshape(segments, [batch, 1, 1, length]));
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
