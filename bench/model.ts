/** The 2.9 M-parameter Llama-shaped decoder that the benchmarks share, freshly initialised. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createOnnxEngine, type Engine } from '../src/engine/index.ts';
import type { ModelConfig } from '../src/nn/index.ts';
import { symbolTokenizer } from '../src/text/index.ts';

export const BENCH_MODEL: ModelConfig = {
  architecture: 'llama',
  vocabSize: 512,
  hiddenSize: 256,
  intermediateSize: 512,
  layers: 4,
  heads: 8,
  kvHeads: 8,
  headDim: 32,
  ropeTheta: 10_000,
  rmsNormEps: 1e-5,
  maxPositions: 2048,
  tieEmbeddings: false,
  qkvBias: false,
  outputBias: false,
  qkNorm: false,
  eosIds: [1],
};

/** A fresh engine; token ids are what is timed, so the tokenizer only has to exist. */
export function benchEngine(): Promise<Engine> {
  return createOnnxEngine({ model: BENCH_MODEL, tokenizer: symbolTokenizer([...'0123456789']), seed: 1 });
}

/** Runs `use` with a folder that holds the engine's weights, for a peer to load. */
export async function withExported<T>(engine: Engine, use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'burnish-bench-'));
  try {
    await engine.export(folder);
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Token ids that look random and are the same every time. */
export function someTokens(row: number, length: number): number[] {
  return Array.from({ length }, (_, t) => 2 + ((row * 31 + t * 17 + ((row * t) % 7)) % 500));
}
