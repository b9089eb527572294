/** For tests: engines on the tiny checkpoints, batches to learn from, and the gradient that an engine holds. */
import type { ModelConfig } from '../../nn/index.ts';
import { fixtureFolder } from '../../nn/testing/fixtures.ts';
import { rng } from '../../random/index.ts';
import { symbolTokenizer } from '../../text/index.ts';
import type { Engine, TrainingBatch } from '../engine.ts';
import { createOnnxEngine, type OnnxEngineOptions } from '../onnx/index.ts';

/** Tokens of the tiny checkpoints. */
export const VOCABULARY = 97;

/** One token a printable ASCII character, `<pad>` and `<eos>`: as many as the tiny checkpoints have. */
export const TOKENIZER = symbolTokenizer(
  Array.from({ length: VOCABULARY - 2 }, (_, i) => String.fromCharCode(32 + i)),
);

/** A fresh model with a longer context than the checkpoints have, without shared key-value heads. */
export const FRESH: ModelConfig = {
  architecture: 'llama',
  vocabSize: VOCABULARY,
  hiddenSize: 32,
  intermediateSize: 48,
  layers: 2,
  heads: 2,
  kvHeads: 2,
  headDim: 16,
  ropeTheta: 10000,
  rmsNormEps: 1e-6,
  maxPositions: 300,
  tieEmbeddings: true,
  qkvBias: false,
  outputBias: false,
  qkNorm: false,
  eosIds: [TOKENIZER.eosId],
};

/** An engine on a tiny checkpoint. */
export function tinyEngine(name: string, options: Partial<OnnxEngineOptions> = {}): Promise<Engine> {
  return createOnnxEngine({ model: fixtureFolder(name), tokenizer: TOKENIZER, ...options });
}

/** A sequence of random tokens, none of them special. */
export function randomTokens(length: number, ...path: (string | number)[]): number[] {
  const draws = rng(17, 'tokens', ...path);
  return Array.from({ length }, () => 2 + draws.int(VOCABULARY - 2));
}

/**
 * Random sequences of these lengths; the mask starts after the first third, weights and per-token data are random, and
 * `oldLogprobs` are near what the tiny checkpoints give, so that ratios fall on both sides of a clip.
 */
export function randomBatch(lengths: readonly number[], seed = 0): TrainingBatch {
  const draws = rng(seed, 'batch');
  const rows = (value: (t: number, length: number) => number) =>
    lengths.map((length) => Float32Array.from({ length }, (_, t) => value(t, length)));
  const mask = rows((t, length) => (t >= length / 3 ? 1 : 0));
  return {
    sequences: lengths.map((length, i) => randomTokens(length, seed, i)),
    mask,
    weight: mask.map((row) => row.map((m) => m * (0.02 + 0.05 * draws.uniform()))),
    data: {
      advantages: rows(() => draws.normal()),
      oldLogprobs: rows(() => -5 + 2 * draws.normal()),
      returns: rows(() => draws.normal()),
    },
  };
}

/** The gradient that has accumulated, laid out like a snapshot's parameters; it is dropped, nothing else changes. */
export async function takeGradient(engine: Engine): Promise<Float32Array> {
  const before = engine.snapshot();
  await engine.optimStep({ learningRate: 0, beta1: 0 });
  const gradient = engine.snapshot().arrays.m;
  engine.restore(before);
  return gradient;
}

/** |a - b| / |b|, of vectors. */
export function relativeGap(a: Float32Array, b: Float32Array): number {
  let gap = 0;
  let norm = 0;
  for (let i = 0; i < b.length; i++) {
    gap += (a[i] - b[i]) ** 2;
    norm += b[i] ** 2;
  }
  return Math.sqrt(gap / norm);
}
