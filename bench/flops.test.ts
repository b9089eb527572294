/** Operation counts against sums written out by hand, and against each other. */
import { describe, expect, it } from 'vitest';
import { parameterCount } from '../src/nn/index.ts';
import { adapterParameters, decodingFlops, matrixParameters, trainingFlops } from './flops.ts';
import { BENCH_LORA, MODELS } from './models.ts';

const config = MODELS['0.8M'];
const { vocabSize, hiddenSize, intermediateSize, layers, heads, headDim } = config;
/** Four attention matrices and three of the SwiGLU layer a block, and the head. */
const BLOCK = 4 * hiddenSize * hiddenSize + 3 * hiddenSize * intermediateSize;
const N = layers * BLOCK + vocabSize * hiddenSize;

/** Attention forwards, token by token: scores and weighted values over everything up to the token. */
function attentionByToken(from: number, to: number): number {
  let total = 0;
  for (let t = from; t < to; t++) total += layers * heads * (2 * headDim * (t + 1) + 2 * headDim * (t + 1));
  return total;
}

describe('model operations', () => {
  it('count the parameters in products', () => {
    expect(matrixParameters(config)).toBe(N);
    const norms = (2 * layers + 1) * hiddenSize;
    expect(parameterCount(config)).toBe(N + vocabSize * hiddenSize + norms);
    expect(matrixParameters({ ...config, tieEmbeddings: true })).toBe(N);
  });

  it('of training are 6 N a token and three times causal attention', () => {
    expect(trainingFlops(config, 5, 7)).toBe(6 * N * 35 + 3 * 5 * attentionByToken(0, 7));
  });

  it('of adapters leave out the gradients of frozen weights', () => {
    const { rank } = BENCH_LORA;
    const adapters = layers * rank * (4 * 2 * hiddenSize + 3 * (hiddenSize + intermediateSize));
    expect(adapterParameters(config, BENCH_LORA)).toBe(adapters);
    expect(trainingFlops(config, 5, 7, BENCH_LORA)).toBe(
      (4 * N + 6 * adapters) * 35 + 3 * 5 * attentionByToken(0, 7),
    );
  });

  it('of decoding are one forward pass of every token but the last, prompts read as often as said', () => {
    const pass = (tokens: number) => 2 * N * tokens + attentionByToken(0, tokens);
    expect(decodingFlops(config, 1, 4, 6)).toBe(pass(9));
    expect(decodingFlops(config, 3, 4, 6)).toBe(3 * pass(9));
    expect(decodingFlops(config, 3, 4, 6, 1)).toBe(3 * pass(9) - 2 * pass(4));
  });
});

describe('bench models', () => {
  it('are as large as their names say', () => {
    for (const [name, model] of Object.entries(MODELS)) {
      const millions = parameterCount(model) / 1e6;
      expect(Math.abs(millions / Number.parseFloat(name) - 1)).toBeLessThan(0.03);
    }
  });
});
