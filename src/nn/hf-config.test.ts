import { describe, expect, it } from 'vitest';
import fixture from './fixtures/model-configs.json' with { type: 'json' };
import { parseModelConfig, toHfConfig } from './hf-config.ts';

const [llama, llama3, qwen2, qwen3] = fixture.cases.map(({ config }) => config as Record<string, unknown>);

describe('parseModelConfig', () => {
  it('reads what transformers 5 writes', () => {
    expect(parseModelConfig(llama)).toEqual({
      architecture: 'llama',
      vocabSize: 48,
      hiddenSize: 32,
      intermediateSize: 40,
      layers: 2,
      heads: 4,
      kvHeads: 2,
      headDim: 16,
      ropeTheta: 10000,
      rmsNormEps: 1e-6,
      maxPositions: 256,
      tieEmbeddings: false,
      qkvBias: false,
      outputBias: false,
      qkNorm: false,
      bosId: 1,
      eosIds: [2, 3],
      padId: 0,
    });
    expect(parseModelConfig(qwen2)).toMatchObject({
      architecture: 'qwen2',
      headDim: 8,
      rmsNormEps: 1e-5,
      tieEmbeddings: true,
      qkvBias: true,
      outputBias: false,
      eosIds: [5],
    });
    expect(parseModelConfig(qwen3)).toMatchObject({
      headDim: 24,
      ropeTheta: 1e6,
      qkNorm: true,
      qkvBias: false,
      eosIds: [],
    });
    expect(parseModelConfig(qwen3).bosId).toBeUndefined();
  });

  it('reads what transformers 4 writes', () => {
    const { rope_parameters, head_dim, ...rest } = llama3;
    const old = {
      ...rest,
      rope_theta: 500000,
      rope_scaling: {
        type: 'llama3',
        factor: 8,
        low_freq_factor: 1,
        high_freq_factor: 4,
        original_max_position_embeddings: 64,
      },
      pad_token_id: -1,
    };
    expect(rope_parameters).toBeDefined();
    expect(head_dim).toBe(8);
    const { padId, ...config } = parseModelConfig(old);
    expect(padId).toBeUndefined();
    expect(config).toEqual({ ...parseModelConfig(llama3), padId: undefined });
    expect(config.ropeScaling).toEqual({
      type: 'llama3',
      factor: 8,
      lowFreqFactor: 1,
      highFreqFactor: 4,
      originalMaxPositions: 64,
    });
  });

  it("fills in transformers' defaults", () => {
    const without = (json: Record<string, unknown>, ...fields: string[]) =>
      Object.fromEntries(Object.entries(json).filter(([field]) => !fields.includes(field)));
    const fields = ['num_key_value_heads', 'head_dim', 'rope_parameters', 'hidden_act', 'rms_norm_eps'];
    expect(parseModelConfig(without(llama, ...fields))).toMatchObject({
      kvHeads: 4,
      headDim: 8,
      ropeTheta: 10000,
      rmsNormEps: 1e-6,
    });
    const wide = { ...without(qwen3, ...fields), num_attention_heads: 64 };
    expect(parseModelConfig(wide)).toMatchObject({ kvHeads: 32, headDim: 128 });
    expect(parseModelConfig({ ...qwen2, num_key_value_heads: null })).toMatchObject({ kvHeads: 4 });
  });

  it('accepts a sliding window that is not in use', () => {
    const { layer_types, ...rest } = qwen2;
    expect(layer_types).toHaveLength(2);
    const window = { sliding_window: 8, max_window_layers: 2 };
    expect(parseModelConfig({ ...rest, ...window, use_sliding_window: true }).layers).toBe(2);
    expect(parseModelConfig({ ...rest, ...window, use_sliding_window: false }).layers).toBe(2);
  });

  it.each<[Record<string, unknown>, string]>([
    [{ model_type: 'gemma3' }, `model_type is "gemma3"; expected 'llama', 'qwen2' or 'qwen3'`],
    [{ hidden_size: '32' }, 'hidden_size is "32"; expected number'],
    [{ vocab_size: undefined }, 'vocab_size is undefined; expected number'],
    [{ num_hidden_layers: 0 }, 'num_hidden_layers is 0; '],
    [{ num_key_value_heads: 3 }, 'kvHeads is 3; expected a divisor of heads, 4'],
    [{ hidden_act: 'gelu' }, `hidden_act is "gelu"; expected 'silu'`],
    [{ mlp_bias: true }, 'mlp_bias is true; expected false'],
    [{ quantization_config: { bits: 4 } }, 'quantization_config is {"bits":4}; expected none'],
    [{ layer_types: ['full_attention', 'sliding_attention'] }, 'layer_types is "sliding_attention"'],
    [{ layer_types: null, use_sliding_window: true, max_window_layers: 1 }, 'use_sliding_window is true'],
    [{ rope_scaling: { rope_type: 'yarn', factor: 4 } }, 'rope_scaling.rope_type is "yarn"; expected'],
    [{ rope_parameters: { rope_type: 'linear' } }, 'rope_parameters.rope_type is "linear"; expected'],
    [{ rope_scaling: { type: 'llama3' } }, 'rope_scaling.factor is undefined; expected a number'],
    [{ rope_parameters: { full_attention: { rope_theta: 1 } } }, 'rope_parameters.full_attention is'],
    [{ rope_parameters: { rope_theta: 'big' } }, 'rope_parameters.rope_theta is "big"; expected number'],
    [{ partial_rotary_factor: 0.5 }, 'partial_rotary_factor is 0.5; expected 1'],
    [{ head_dim: null, hidden_size: 34 }, 'hidden_size is 34; expected a multiple of num_attention_heads, 4'],
  ])('refuses %j', (change, message) => {
    expect(() => parseModelConfig({ ...llama, ...change })).toThrow(`config.json: ${message}`);
  });

  it('refuses what is no object', () => {
    expect(() => parseModelConfig([])).toThrow('config.json: the file is []; expected object');
    expect(() => parseModelConfig(null)).toThrow('config.json: the file is null; expected object');
  });
});

describe('toHfConfig', () => {
  it.each(fixture.cases)('keeps everything: $name', ({ config: json }) => {
    const config = parseModelConfig(json);
    const written: Record<string, unknown> = JSON.parse(JSON.stringify(toHfConfig(config, 'BF16')));
    expect(parseModelConfig(written)).toEqual(config);
    expect(written.torch_dtype).toBe('bfloat16');
    // Each version's way alone says the same.
    const { rope_parameters, ...four } = written;
    const { rope_theta, rope_scaling, ...five } = written;
    expect(rope_parameters).toEqual(json.rope_parameters);
    expect([rope_theta, rope_scaling !== null]).toEqual([config.ropeTheta, config.ropeScaling !== undefined]);
    expect(parseModelConfig(four)).toEqual(config);
    expect(parseModelConfig(five)).toEqual(config);
  });

  it('refuses an invalid configuration', () => {
    expect(() => toHfConfig({ ...parseModelConfig(llama), kvHeads: 3 })).toThrow('divisor of heads');
  });
});
