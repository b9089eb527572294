/** What shape a decoder transformer has, and which tensors that makes. */
import { z } from 'zod';

const size = z.int().positive();
const tokenId = z.int().min(0);

/** Llama 3.1's scaling of rotary frequencies; see `inverseFrequencies`. */
const ropeScalingSchema = z
  .strictObject({
    type: z.literal('llama3'),
    /** Long wavelengths are stretched by this factor, at least 1. */
    factor: z.number().min(1),
    lowFreqFactor: z.number().positive(),
    /** Above `lowFreqFactor`. */
    highFreqFactor: z.number().positive(),
    /** Context length before scaling, tokens. */
    originalMaxPositions: size,
  })
  .refine((s) => s.highFreqFactor > s.lowFreqFactor, {
    path: ['highFreqFactor'],
    message: 'expected a number above lowFreqFactor',
  });

/** A decoder transformer of the Llama, Qwen2 or Qwen3 shape. */
export const modelConfigSchema = z
  .strictObject({
    architecture: z.enum(['llama', 'qwen2', 'qwen3']),
    vocabSize: size,
    hiddenSize: size,
    /** Width of the SwiGLU layer. */
    intermediateSize: size,
    layers: size,
    /** Query heads. */
    heads: size,
    /** Key and value heads; divides `heads`. */
    kvHeads: size,
    /** Even; heads × headDim need not equal hiddenSize. */
    headDim: size.multipleOf(2),
    /** Base of the rotary frequencies. */
    ropeTheta: z.number().positive(),
    ropeScaling: ropeScalingSchema.optional(),
    rmsNormEps: z.number().positive(),
    /** Longest context, tokens. */
    maxPositions: size,
    /** The output head is the embedding matrix. */
    tieEmbeddings: z.boolean(),
    /** Biases on the query, key and value projections: always in qwen2, optional in llama and qwen3. */
    qkvBias: z.boolean(),
    /** A bias on the attention's output projection: never in qwen2, along with `qkvBias` in llama and qwen3. */
    outputBias: z.boolean(),
    /** RMSNorm over each query and key head: qwen3 and only it. */
    qkNorm: z.boolean(),
    bosId: tokenId.optional(),
    /** Tokens that end a completion; may be empty. */
    eosIds: z.array(tokenId),
    padId: tokenId.optional(),
  })
  .superRefine((c, context) => {
    const expect = (path: keyof typeof c, holds: boolean, message: string) => {
      if (!holds) context.addIssue({ code: 'custom', path: [path], message, input: c[path] });
    };
    expect('kvHeads', c.heads % c.kvHeads === 0, `expected a divisor of heads, ${c.heads}`);
    expect('qkNorm', c.qkNorm === (c.architecture === 'qwen3'), 'expected true for qwen3, false otherwise');
    expect('qkvBias', c.qkvBias || c.architecture !== 'qwen2', 'expected true for qwen2');
    const outputBias = c.architecture !== 'qwen2' && c.qkvBias;
    expect('outputBias', c.outputBias === outputBias, `expected ${outputBias} with qkvBias ${c.qkvBias}`);
  });

export type ModelConfig = z.output<typeof modelConfigSchema>;

/** A tensor's Hugging Face name and its shape. */
export interface ParameterShape {
  name: string;
  shape: number[];
}

/**
 * Every tensor of the model under its Hugging Face name, in the order of the modules. Linear weights are [out, in];
 * a tied head has no tensor of its own.
 */
export function parameterShapes(config: ModelConfig): ParameterShape[] {
  const { vocabSize, hiddenSize, intermediateSize, layers, headDim } = config;
  const queries = config.heads * headDim;
  const keys = config.kvHeads * headDim;
  const tensors: ParameterShape[] = [];
  const add = (name: string, ...shape: number[]) => tensors.push({ name, shape });
  const linear = (name: string, out: number, inputs: number, bias: boolean) => {
    add(`${name}.weight`, out, inputs);
    if (bias) add(`${name}.bias`, out);
  };
  add('model.embed_tokens.weight', vocabSize, hiddenSize);
  for (let layer = 0; layer < layers; layer++) {
    const prefix = `model.layers.${layer}`;
    linear(`${prefix}.self_attn.q_proj`, queries, hiddenSize, config.qkvBias);
    linear(`${prefix}.self_attn.k_proj`, keys, hiddenSize, config.qkvBias);
    linear(`${prefix}.self_attn.v_proj`, keys, hiddenSize, config.qkvBias);
    linear(`${prefix}.self_attn.o_proj`, hiddenSize, queries, config.outputBias);
    if (config.qkNorm) {
      add(`${prefix}.self_attn.q_norm.weight`, headDim);
      add(`${prefix}.self_attn.k_norm.weight`, headDim);
    }
    linear(`${prefix}.mlp.gate_proj`, intermediateSize, hiddenSize, false);
    linear(`${prefix}.mlp.up_proj`, intermediateSize, hiddenSize, false);
    linear(`${prefix}.mlp.down_proj`, hiddenSize, intermediateSize, false);
    add(`${prefix}.input_layernorm.weight`, hiddenSize);
    add(`${prefix}.post_attention_layernorm.weight`, hiddenSize);
  }
  add('model.norm.weight', hiddenSize);
  if (!config.tieEmbeddings) add('lm_head.weight', vocabSize, hiddenSize);
  return tensors;
}

/** Number of parameters, a tied head counted once. */
export function parameterCount(config: ModelConfig): number {
  return parameterShapes(config).reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
}

/**
 * Rotary frequencies ω_i in radians a position, i = 0 … headDim/2 - 1 (Su et al. 2021, "RoFormer", eq. 15):
 * ω_i = θ^(-2i/headDim). With llama3 scaling (as published with Llama 3.1), where λ = 2π/ω and L is the original
 * context length: λ > L/low → ω/factor; λ < L/high → ω; between them (1 - s) ω/factor + s ω with
 * s = (L/λ - low) / (high - low).
 */
export function inverseFrequencies(config: ModelConfig): Float64Array {
  const { headDim, ropeTheta, ropeScaling } = config;
  const frequencies = Float64Array.from({ length: headDim / 2 }, (_, i) => ropeTheta ** ((-2 * i) / headDim));
  if (ropeScaling === undefined) return frequencies;
  const { factor, lowFreqFactor, highFreqFactor, originalMaxPositions } = ropeScaling;
  return frequencies.map((frequency) => {
    const turns = (originalMaxPositions * frequency) / (2 * Math.PI);
    const share = (turns - lowFreqFactor) / (highFreqFactor - lowFreqFactor);
    const kept = Math.min(1, Math.max(0, share));
    return ((1 - kept) * frequency) / factor + kept * frequency;
  });
}
