/** Writes models as GGUF, the format of llama.cpp: version 3, single precision, no vocabulary. */
import { type FileHandle, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ModelConfig, parseModelConfig, readSafetensors } from '../../src/nn/index.ts';

/** Tensor data starts at, and every tensor takes, multiples of this many bytes. */
const ALIGNMENT = 32;
const VERSION = 3;
const F32_TENSOR = 0;

/** Value types of the format that are needed here. */
const UINT32 = 4;
const FLOAT32 = 6;
const STRING = 8;

export type GgufValue = { u32: number } | { f32: number } | { text: string };

/** `shape` in row-major order, as everywhere; the file has it the other way round. */
export interface GgufTensor {
  name: string;
  shape: readonly number[];
  data: Float32Array;
}

function integer(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32LE(value);
  return buffer;
}

function long(value: number): Buffer {
  const buffer = Buffer.alloc(8);
  buffer.writeBigUInt64LE(BigInt(value));
  return buffer;
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'utf8');
  return Buffer.concat([long(bytes.length), bytes]);
}

function typedValue(value: GgufValue): Buffer {
  if ('u32' in value) return Buffer.concat([integer(UINT32), integer(value.u32)]);
  if ('text' in value) return Buffer.concat([integer(STRING), text(value.text)]);
  const buffer = Buffer.alloc(4);
  buffer.writeFloatLE(value.f32);
  return Buffer.concat([integer(FLOAT32), buffer]);
}

const aligned = (bytes: number) => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;

/** Everything before the data: magic, version, counts, metadata and the list of tensors, padded to the alignment. */
export function ggufHeader(
  metadata: Readonly<Record<string, GgufValue>>,
  tensors: readonly GgufTensor[],
): Buffer {
  const entries = Object.entries(metadata);
  const parts = [Buffer.from('GGUF'), integer(VERSION), long(tensors.length), long(entries.length)];
  for (const [key, value] of entries) parts.push(text(key), typedValue(value));
  let offset = 0;
  for (const { name, shape, data } of tensors) {
    const dimensions = [...shape].reverse();
    parts.push(
      text(name),
      integer(dimensions.length),
      ...dimensions.map(long),
      integer(F32_TENSOR),
      long(offset),
    );
    offset += aligned(data.byteLength);
  }
  const header = Buffer.concat(parts);
  return Buffer.concat([header, Buffer.alloc(aligned(header.length) - header.length)]);
}

/** Writes a whole file. */
export async function writeGguf(
  path: string,
  metadata: Readonly<Record<string, GgufValue>>,
  tensors: readonly GgufTensor[],
): Promise<void> {
  const file = await open(path, 'w');
  try {
    await write(file, ggufHeader(metadata, tensors));
    for (const { data } of tensors) {
      await write(file, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
      await write(file, new Uint8Array(aligned(data.byteLength) - data.byteLength));
    }
  } finally {
    await file.close();
  }
}

async function write(file: FileHandle, bytes: Uint8Array): Promise<void> {
  let done = 0;
  while (done < bytes.length) done += (await file.write(bytes, done)).bytesWritten;
}

/**
 * Query and key rows in the order that llama.cpp rotates: it turns neighbouring rows of a head together, Hugging Face row i
 * with row i + headDim / 2.
 */
export function interleaveHeads(data: Float32Array, heads: number, headDim: number): Float32Array {
  const width = data.length / (heads * headDim);
  const out = new Float32Array(data.length);
  const half = headDim / 2;
  for (let head = 0; head < heads; head++)
    for (let row = 0; row < headDim; row++) {
      const to = 2 * (row % half) + Math.floor(row / half);
      const from = (head * headDim + row) * width;
      out.set(data.subarray(from, from + width), (head * headDim + to) * width);
    }
  return out;
}

/** Names of a block's tensors, Hugging Face's and llama.cpp's. */
const BLOCK: Readonly<Record<string, string>> = {
  'self_attn.q_proj': 'attn_q',
  'self_attn.k_proj': 'attn_k',
  'self_attn.v_proj': 'attn_v',
  'self_attn.o_proj': 'attn_output',
  'mlp.gate_proj': 'ffn_gate',
  'mlp.up_proj': 'ffn_up',
  'mlp.down_proj': 'ffn_down',
  input_layernorm: 'attn_norm',
  post_attention_layernorm: 'ffn_norm',
};

const TOP: Readonly<Record<string, string>> = {
  'model.embed_tokens.weight': 'token_embd.weight',
  'model.norm.weight': 'output_norm.weight',
  'lm_head.weight': 'output.weight',
};

function renamed(name: string): string {
  const block = /^model\.layers\.(\d+)\.(.+)\.weight$/.exec(name);
  const target = block ? `blk.${block[1]}.${BLOCK[block[2]]}.weight` : TOP[name];
  if (target === undefined || target.includes('undefined'))
    throw new Error(
      `${name}: is no weight of a Llama without biases, which is all that is written as GGUF here`,
    );
  return target;
}

/** What llama.cpp has to know of a model. */
export function llamaMetadata(config: ModelConfig): Record<string, GgufValue> {
  if (config.architecture !== 'llama' || config.ropeScaling !== undefined)
    throw new Error(`architecture: got ${config.architecture}, expected llama without rope scaling`);
  return {
    'general.architecture': { text: 'llama' },
    'general.name': { text: 'burnish bench' },
    'general.file_type': { u32: 0 },
    'general.alignment': { u32: ALIGNMENT },
    'llama.vocab_size': { u32: config.vocabSize },
    'llama.context_length': { u32: config.maxPositions },
    'llama.embedding_length': { u32: config.hiddenSize },
    'llama.block_count': { u32: config.layers },
    'llama.feed_forward_length': { u32: config.intermediateSize },
    'llama.attention.head_count': { u32: config.heads },
    'llama.attention.head_count_kv': { u32: config.kvHeads },
    'llama.attention.key_length': { u32: config.headDim },
    'llama.attention.value_length': { u32: config.headDim },
    'llama.attention.layer_norm_rms_epsilon': { f32: config.rmsNormEps },
    'llama.rope.dimension_count': { u32: config.headDim },
    'llama.rope.freq_base': { f32: config.ropeTheta },
    'tokenizer.ggml.model': { text: 'no_vocab' },
  };
}

/** Converts a Hugging Face folder of a Llama (`config.json`, `model.safetensors`). */
export async function convertToGguf(folder: string, path: string): Promise<void> {
  const config = parseModelConfig(JSON.parse(await readFile(join(folder, 'config.json'), 'utf8')));
  const weights = await readSafetensors(join(folder, 'model.safetensors'));
  const tensors = [...weights].map(([name, { shape, data }]) => {
    const heads = name.includes('q_proj')
      ? config.heads
      : name.includes('k_proj')
        ? config.kvHeads
        : undefined;
    const ordered = heads === undefined ? data : interleaveHeads(data, heads, config.headDim);
    return { name: renamed(name), shape, data: ordered };
  });
  await writeGguf(path, llamaMetadata(config), tensors);
}
