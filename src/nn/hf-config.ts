/** Model configurations, read from and written to Hugging Face `config.json`. */
import { z } from 'zod';
import { type ModelConfig, modelConfigSchema } from './model-config.ts';
import type { SafetensorsDtype } from './safetensors-header.ts';

const size = z.int().positive();
const tokenId = z.int();

/** Rotary settings: transformers 4 calls them `rope_scaling`, 5 `rope_parameters`, and puts the base in them too. */
const ropeSchema = z.looseObject({
  rope_type: z.string().optional(),
  type: z.string().optional(),
  rope_theta: z.number().positive().optional(),
  partial_rotary_factor: z.number().nullish(),
  factor: z.number().optional(),
  low_freq_factor: z.number().optional(),
  high_freq_factor: z.number().optional(),
  original_max_position_embeddings: size.optional(),
});

/** The fields of `config.json` that matter here; defaults are those of transformers. */
const hfConfigSchema = z.looseObject({
  model_type: z.enum(['llama', 'qwen2', 'qwen3'], "expected 'llama', 'qwen2' or 'qwen3'"),
  vocab_size: size,
  hidden_size: size,
  intermediate_size: size,
  num_hidden_layers: size,
  num_attention_heads: size,
  num_key_value_heads: size.nullish(),
  head_dim: size.nullish(),
  hidden_act: z.string().default('silu'),
  max_position_embeddings: size,
  rms_norm_eps: z.number().positive().default(1e-6),
  rope_theta: z.number().positive().nullish(),
  rope_scaling: ropeSchema.nullish(),
  rope_parameters: ropeSchema.nullish(),
  partial_rotary_factor: z.number().nullish(),
  tie_word_embeddings: z.boolean().default(false),
  attention_bias: z.boolean().default(false),
  mlp_bias: z.boolean().default(false),
  use_sliding_window: z.boolean().nullish(),
  max_window_layers: z.int().nullish(),
  layer_types: z.array(z.string()).nullish(),
  quantization_config: z.unknown().optional(),
  bos_token_id: tokenId.nullish(),
  eos_token_id: z.union([tokenId, z.array(tokenId)]).nullish(),
  pad_token_id: tokenId.nullish(),
});

type HfConfig = z.output<typeof hfConfigSchema>;

/** `num_key_value_heads` and `head_dim` of transformers where a Qwen file leaves them out altogether. */
const QWEN_KV_HEADS = 32;
const QWEN3_HEAD_DIM = 128;

/**
 * Reads the parsed JSON of a `config.json` of model type llama, qwen2 or qwen3, as transformers 4 and 5 write it.
 * Dropout settings are ignored: Burnish trains without dropout. Throws an Error naming the field, its value and what
 * was expected for a bad value and for anything that the model here does not do (sliding windows in use, MLP biases,
 * activations other than silu, rotary types other than default and llama3, partial rotary, quantised weights).
 */
export function parseModelConfig(json: unknown): ModelConfig {
  const parsed = hfConfigSchema.safeParse(json);
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0];
    return fail(path.join('.') || 'the file', path.reduce(valueAt, json), message);
  }
  const hf = parsed.data;
  refuseUnsupported(hf);

  const type = hf.model_type;
  const heads = hf.num_attention_heads;
  const absentKvHeads = type === 'llama' ? heads : QWEN_KV_HEADS;
  if (type === 'llama' && hf.head_dim == null && hf.hidden_size % heads !== 0) {
    return fail('hidden_size', hf.hidden_size, `expected a multiple of num_attention_heads, ${heads}`);
  }
  const config: ModelConfig = {
    architecture: type,
    vocabSize: hf.vocab_size,
    hiddenSize: hf.hidden_size,
    intermediateSize: hf.intermediate_size,
    layers: hf.num_hidden_layers,
    heads,
    kvHeads: hf.num_key_value_heads === undefined ? absentKvHeads : (hf.num_key_value_heads ?? heads),
    headDim: hf.head_dim ?? (type === 'qwen3' ? QWEN3_HEAD_DIM : Math.floor(hf.hidden_size / heads)),
    rmsNormEps: hf.rms_norm_eps,
    maxPositions: hf.max_position_embeddings,
    tieEmbeddings: hf.tie_word_embeddings,
    qkvBias: type === 'qwen2' || hf.attention_bias,
    outputBias: type !== 'qwen2' && hf.attention_bias,
    qkNorm: type === 'qwen3',
    bosId: idOf(hf.bos_token_id),
    eosIds: [hf.eos_token_id ?? []].flat().filter((id) => id >= 0),
    padId: idOf(hf.pad_token_id),
    ...rotary(hf),
  };
  const checked = modelConfigSchema.safeParse(config);
  if (!checked.success) {
    const { path, message } = checked.error.issues[0];
    return fail(path.join('.'), path.reduce(valueAt, config), message);
  }
  return config;
}

function refuseUnsupported(hf: HfConfig): void {
  if (hf.hidden_act !== 'silu') fail('hidden_act', hf.hidden_act, "expected 'silu'");
  if (hf.mlp_bias) fail('mlp_bias', true, 'expected false');
  if (hf.quantization_config != null) {
    fail('quantization_config', hf.quantization_config, 'expected none: quantised weights are not supported');
  }
  const windowed = hf.layer_types?.find((type) => type !== 'full_attention');
  if (windowed !== undefined) fail('layer_types', windowed, "expected 'full_attention' in every layer");
  if (!hf.layer_types && hf.use_sliding_window && (hf.max_window_layers ?? 0) < hf.num_hidden_layers) {
    fail('use_sliding_window', true, 'expected false: sliding windows are not supported');
  }
}

/** The settings of rotary positions, with the precedence of transformers 5 where several fields state them. */
function rotary(hf: HfConfig): Pick<ModelConfig, 'ropeTheta' | 'ropeScaling'> {
  const field = hf.rope_scaling ? 'rope_scaling' : 'rope_parameters';
  const rope = hf[field] ?? {};
  const nested = Object.keys(rope).find((key) => typeof rope[key] === 'object' && rope[key] !== null);
  if (nested !== undefined) {
    fail(`${field}.${nested}`, rope[nested], 'expected one setting for all layers');
  }
  const partial = rope.partial_rotary_factor ?? hf.partial_rotary_factor ?? 1;
  if (partial !== 1) fail('partial_rotary_factor', partial, 'expected 1');
  const ropeTheta = rope.rope_theta ?? hf.rope_theta ?? 10_000;
  const type = rope.rope_type ?? rope.type ?? 'default';
  if (type === 'default') return { ropeTheta };
  if (type !== 'llama3') return fail(`${field}.rope_type`, type, "expected 'default' or 'llama3'");
  const need = (name: 'factor' | 'low_freq_factor' | 'high_freq_factor'): number => {
    const value = rope[name];
    return value ?? fail(`${field}.${name}`, value, 'expected a number');
  };
  return {
    ropeTheta,
    ropeScaling: {
      type: 'llama3',
      factor: need('factor'),
      lowFreqFactor: need('low_freq_factor'),
      highFreqFactor: need('high_freq_factor'),
      originalMaxPositions: rope.original_max_position_embeddings ?? hf.max_position_embeddings,
    },
  };
}

const CLASSES = { llama: 'LlamaForCausalLM', qwen2: 'Qwen2ForCausalLM', qwen3: 'Qwen3ForCausalLM' } as const;
const TORCH_DTYPES = { F32: 'float32', F16: 'float16', BF16: 'bfloat16' } as const;

/**
 * The content of a `config.json` that transformers 4 and 5 both load, for weights stored as `dtype`. Rotary settings
 * are written in both their ways. Throws a ZodError when the configuration is not a valid one.
 */
export function toHfConfig(config: ModelConfig, dtype: SafetensorsDtype = 'F32'): Record<string, unknown> {
  const c = modelConfigSchema.parse(config);
  const scaling = c.ropeScaling && {
    rope_type: 'llama3',
    factor: c.ropeScaling.factor,
    low_freq_factor: c.ropeScaling.lowFreqFactor,
    high_freq_factor: c.ropeScaling.highFreqFactor,
    original_max_position_embeddings: c.ropeScaling.originalMaxPositions,
  };
  return {
    architectures: [CLASSES[c.architecture]],
    model_type: c.architecture,
    torch_dtype: TORCH_DTYPES[dtype],
    vocab_size: c.vocabSize,
    hidden_size: c.hiddenSize,
    intermediate_size: c.intermediateSize,
    num_hidden_layers: c.layers,
    num_attention_heads: c.heads,
    num_key_value_heads: c.kvHeads,
    head_dim: c.headDim,
    hidden_act: 'silu',
    max_position_embeddings: c.maxPositions,
    rms_norm_eps: c.rmsNormEps,
    rope_theta: c.ropeTheta,
    rope_scaling: scaling ?? null,
    rope_parameters: { rope_theta: c.ropeTheta, ...(scaling ?? { rope_type: 'default' }) },
    tie_word_embeddings: c.tieEmbeddings,
    ...(c.architecture !== 'qwen2' && { attention_bias: c.qkvBias }),
    ...(c.architecture === 'llama' ? { mlp_bias: false } : { use_sliding_window: false }),
    bos_token_id: c.bosId ?? null,
    eos_token_id: c.eosIds.length > 1 ? c.eosIds : (c.eosIds[0] ?? null),
    pad_token_id: c.padId ?? null,
  };
}

/** A token id; some files write -1 for none. */
function idOf(id: number | null | undefined): number | undefined {
  return id == null || id < 0 ? undefined : id;
}

function valueAt(value: unknown, key: PropertyKey): unknown {
  return (value as Record<PropertyKey, unknown> | null | undefined)?.[key];
}

function fail(field: string, value: unknown, expected: string): never {
  const text = JSON.stringify(value) ?? String(value);
  const shown = text.length > 60 ? `${text.slice(0, 57)}...` : text;
  throw new Error(`config.json: ${field} is ${shown}; ${expected.replace(/^Invalid input: /, '')}`);
}
