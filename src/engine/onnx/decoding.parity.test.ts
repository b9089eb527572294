/** Cached decoding against scoring without a cache, on many shapes of attention and odd lengths. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createWeights, type ModelConfig, saveWeights } from '../../nn/index.ts';
import { largestGap } from '../../nn/testing/fixtures.ts';
import { rng } from '../../random/index.ts';
import type { Engine, SampleRequest } from '../engine.ts';
import { FRESH, randomTokens, TOKENIZER, VOCABULARY } from '../testing/engines.ts';
import { createOnnxEngine } from './index.ts';

const BASE: ModelConfig = {
  ...FRESH,
  hiddenSize: 40,
  intermediateSize: 56,
  maxPositions: 96,
  tieEmbeddings: false,
};
const LLAMA3 = {
  type: 'llama3' as const,
  factor: 4,
  lowFreqFactor: 1,
  highFreqFactor: 4,
  originalMaxPositions: 32,
};
const qwen2 = { architecture: 'qwen2' as const, qkvBias: true, ropeTheta: 1e6 };
const qwen3 = { architecture: 'qwen3' as const, qkNorm: true, ropeTheta: 1e6 };
const SHAPES: [string, Partial<ModelConfig>][] = [
  ['llama, 3 heads, tied', { heads: 3, kvHeads: 3, headDim: 16, tieEmbeddings: true }],
  ['llama, 6 heads on 2, scaled rotary', { heads: 6, kvHeads: 2, headDim: 8, ropeScaling: LLAMA3 }],
  ['llama, 4 heads on 1, biases', { heads: 4, kvHeads: 1, headDim: 32, qkvBias: true, outputBias: true }],
  ['qwen2, 5 heads on 1', { ...qwen2, heads: 5, kvHeads: 1, headDim: 8 }],
  ['qwen2, 4 heads on 2', { ...qwen2, heads: 4, kvHeads: 2, headDim: 16 }],
  ['qwen3, 4 heads on 2, 24 wide', { ...qwen3, heads: 4, kvHeads: 2, headDim: 24 }],
  ['qwen3, 6 heads on 3', { ...qwen3, heads: 6, kvHeads: 3, headDim: 16 }],
];

const TOLERANCE = 1e-4;
const PARAMS = { maxTokens: 13, stopTokens: [] };
const REQUESTS: SampleRequest[] = [1, 2, 3, 7, 13, 31, 33, 63, 65].map((length, i) => ({
  prompt: randomTokens(length, 'decoding', i),
  n: 1 + (i % 3),
  seed: i,
}));

/** Weights with uneven logits, norms that are not 1 and biases that are not 0. */
async function makeEngine(name: string, shape: Partial<ModelConfig>): Promise<Engine> {
  const weights = createWeights({ ...BASE, ...shape }, { seed: 5, initialStd: 0.3 });
  for (const { name: parameter } of weights.arena.slots) {
    const draws = rng(6, name, parameter);
    const [centre, spread] = parameter.endsWith('norm.weight') ? [1, 0.3] : [0, 0.5];
    if (!parameter.endsWith('norm.weight') && !parameter.endsWith('.bias')) continue;
    weights.arena.parameter(parameter).forEach((_, i, values) => {
      values[i] = centre + spread * draws.normal();
    });
  }
  const folder = await mkdtemp(join(tmpdir(), 'burnish-'));
  try {
    await saveWeights(weights, folder);
    return await createOnnxEngine({ model: folder, tokenizer: TOKENIZER });
  } finally {
    await rm(folder, { recursive: true });
  }
}

describe.each(SHAPES)('cached = uncached decoding: %s', (name, shape) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await makeEngine(name, shape);
  });
  afterAll(() => engine.dispose());

  it('log-probabilities of sampled tokens', async () => {
    const samples = await engine.sample(REQUESTS, PARAMS);
    const rows = samples.flatMap((of, i) => of.map(({ tokens }) => [...REQUESTS[i].prompt, ...tokens]));
    const { logprobs } = await engine.forward(rows);
    const uncached = logprobs.map((row) => row.subarray(-PARAMS.maxTokens));
    samples.flat().forEach((sample, i) => {
      expect(sample.tokens).toHaveLength(PARAMS.maxTokens);
      expect(largestGap(sample.logprobs, uncached[i])).toBeLessThan(TOLERANCE);
    });
    const spread = uncached.flatMap((row) => [...row]);
    expect(Math.max(...spread) - Math.min(...spread)).toBeGreaterThan(1);
  });

  it('greedy tokens are the likeliest', async () => {
    const samples = await engine.sample(
      REQUESTS.map((request) => ({ ...request, n: 1 })),
      { ...PARAMS, temperature: 0 },
    );
    const rows = samples.map(([{ tokens }], i) => [...REQUESTS[i].prompt, ...tokens]);
    const ids = rows.map((row) =>
      Int32Array.from({ length: row.length * VOCABULARY }, (_, i) => i % VOCABULARY),
    );
    const { candidates = [] } = await engine.forward(rows, { candidates: { k: VOCABULARY, ids } });
    rows.forEach((row, i) => {
      for (let t = row.length - PARAMS.maxTokens; t < row.length; t++) {
        const next = candidates[i].subarray(t * VOCABULARY, (t + 1) * VOCABULARY);
        expect(Math.max(...next) - next[row[t]]).toBeLessThan(TOLERANCE);
      }
    });
  });
});
