import { describe, expect, it } from 'vitest';
import { FRESH } from '../testing/engines.ts';
import { attentionCost, learningBytes, scoredRoom, scoringBytes } from './costs.ts';

/** SmolLM-135M. */
const SMOLLM = {
  ...FRESH,
  vocabSize: 49_152,
  hiddenSize: 576,
  intermediateSize: 1536,
  layers: 30,
  heads: 9,
  kvHeads: 3,
  headDim: 64,
};

it('weighs attention against projections: a row of 3072 tokens doubles the multiplications of SmolLM-135M', () => {
  expect(attentionCost(SMOLLM) * 3072).toBeCloseTo(1.3, 5);
});

describe('estimated activations', () => {
  it('grow with rows, and shrink where they are computed anew', () => {
    expect(learningBytes(SMOLLM, 512, false)).toBeGreaterThan(learningBytes(SMOLLM, 128, false));
    expect(learningBytes(SMOLLM, 512, true)).toBeLessThan(learningBytes(SMOLLM, 512, false) / 5);
    expect(scoringBytes(SMOLLM, 512)).toBeLessThan(learningBytes(SMOLLM, 512, true));
  });

  it('of 4096 tokens, 2.9 M parameters, rows of 256: within a tenth of the 960 MB that eight layers were measured to take', () => {
    const config = {
      ...FRESH,
      vocabSize: 512,
      hiddenSize: 256,
      intermediateSize: 512,
      layers: 8,
      heads: 8,
      kvHeads: 8,
    };
    const bytes = 4096 * learningBytes({ ...config, headDim: 32 }, 256, false);
    expect(bytes / 960e6).toBeGreaterThan(0.9);
    expect(bytes / 960e6).toBeLessThan(1.1);
  });
});

describe('scoredRoom', () => {
  it.each([
    [0, 250],
    [250, 250],
    [251, 500],
    [501, 750],
    [751, 1000],
    [1000, 1000],
  ])('makes room for %i of 1000 tokens: %i', (count, room) => {
    expect(scoredRoom(SMOLLM, count, 1000)).toBe(room);
  });

  it('is all tokens where the head is a small part of the model', () => {
    expect(scoredRoom({ ...SMOLLM, vocabSize: 512 }, 1, 1000)).toBe(1000);
  });
});
