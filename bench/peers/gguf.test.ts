/** GGUF files read back byte by byte as the format describes them, and the order of query and key rows. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createOnnxEngine } from '../../src/engine/index.ts';
import { readSafetensors } from '../../src/nn/index.ts';
import { benchTokenizer, MODELS } from '../models.ts';
import { convertToGguf, ggufHeader, interleaveHeads, llamaMetadata } from './gguf.ts';

interface Parsed {
  version: number;
  metadata: Record<string, string | number>;
  tensors: Map<string, { dimensions: number[]; type: number; data: Float32Array }>;
}

/** A reader of the format, after its specification: everything little-endian, data aligned to `general.alignment`. */
function parse(bytes: Buffer): Parsed {
  let at = 0;
  const take = (count: number) => {
    at += count;
    return bytes.subarray(at - count, at);
  };
  const u32 = () => take(4).readUInt32LE();
  const u64 = () => Number(take(8).readBigUInt64LE());
  const string = () => take(u64()).toString('utf8');
  expect(take(4).toString('latin1')).toBe('GGUF');
  const version = u32();
  const tensorCount = u64();
  const entryCount = u64();
  const metadata: Record<string, string | number> = {};
  for (let i = 0; i < entryCount; i++) {
    const key = string();
    const type = u32();
    if (type === 4) metadata[key] = u32();
    else if (type === 6) metadata[key] = take(4).readFloatLE();
    else if (type === 8) metadata[key] = string();
    else throw new Error(`${key}: value type ${type}`);
  }
  const infos = Array.from({ length: tensorCount }, () => {
    const name = string();
    const dimensions = Array.from({ length: u32() }, u64);
    return { name, dimensions, type: u32(), offset: u64() };
  });
  const alignment = Number(metadata['general.alignment']);
  const start = Math.ceil(at / alignment) * alignment;
  const tensors = new Map(
    infos.map(({ name, dimensions, type, offset }) => {
      expect(offset % alignment).toBe(0);
      const count = dimensions.reduce((a, b) => a * b, 1);
      const slice = bytes.subarray(start + offset, start + offset + 4 * count);
      return [name, { dimensions, type, data: new Float32Array(new Uint8Array(slice).buffer) }];
    }),
  );
  return { version, metadata, tensors };
}

describe('GGUF', () => {
  it('holds a model that reads back with its shape and its weights', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'burnish-gguf-'));
    try {
      const shape = { hiddenSize: 24, intermediateSize: 40, layers: 2, heads: 3, kvHeads: 3, headDim: 8 };
      const config = { ...MODELS['0.8M'], ...shape };
      const engine = await createOnnxEngine({ model: config, tokenizer: benchTokenizer(), seed: 3 });
      await engine.export(folder);
      engine.dispose();
      await convertToGguf(folder, join(folder, 'model.gguf'));
      const { version, metadata, tensors } = parse(await readFile(join(folder, 'model.gguf')));
      expect(version).toBe(3);
      expect(metadata).toMatchObject({
        'general.architecture': 'llama',
        'llama.block_count': 2,
        'llama.attention.head_count': 3,
        'llama.rope.freq_base': 10_000,
        'llama.vocab_size': 512,
        'tokenizer.ggml.model': 'no_vocab',
      });
      const source = await readSafetensors(join(folder, 'model.safetensors'));
      expect(tensors.size).toBe(source.size);
      const down = tensors.get('blk.1.ffn_down.weight');
      expect(down?.dimensions).toEqual([40, 24]);
      expect(down?.data).toEqual(source.get('model.layers.1.mlp.down_proj.weight')?.data);
      expect(tensors.get('token_embd.weight')?.data).toEqual(source.get('model.embed_tokens.weight')?.data);
      const key = source.get('model.layers.0.self_attn.k_proj.weight')?.data ?? new Float32Array();
      expect(tensors.get('blk.0.attn_k.weight')?.data).toEqual(interleaveHeads(key, 3, 8));
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('pads its header to the alignment', () => {
    const header = ggufHeader({ 'general.name': { text: 'a' } }, []);
    expect(header.length % 32).toBe(0);
  });

  it('puts rows that turn together side by side, head by head', () => {
    const rows = Float32Array.from({ length: 8 }, (_, i) => i);
    expect([...interleaveHeads(rows, 2, 4)]).toEqual([0, 2, 1, 3, 4, 6, 5, 7]);
  });

  it('refuses what it does not write', () => {
    expect(() => llamaMetadata({ ...MODELS['0.8M'], architecture: 'qwen3' })).toThrow('architecture');
  });
});
