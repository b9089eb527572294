/** Vectors are the means of hidden states, whatever else is embedded with them. */
import { expect, it } from 'vitest';
import { createWeights, forwardHidden } from '../../nn/index.ts';
import { largestGap, runModel } from '../../nn/testing/fixtures.ts';
import { FRESH, randomTokens } from '../testing/engines.ts';
import { Embedder } from './embedder.ts';

const weights = createWeights(FRESH, { seed: 3, initialStd: 0.3 });

it('are the means of the hidden states, in the order of the sequences', async () => {
  const lengths = [5, 1, FRESH.maxPositions, 33, 32, 5, 2, 7, 11];
  const sequences = lengths.map((length, i) => randomTokens(length, 'embedder', i));
  const embedder = new Embedder(weights);
  const vectors = await embedder.embed(sequences);
  for (const [i, tokens] of sequences.entries()) {
    const { hidden } = await runModel(weights, [tokens], (model, ids) => ({
      hidden: forwardHidden(model, ids),
    }));
    const width = FRESH.hiddenSize;
    const mean = Array.from({ length: width }, (_, k) => {
      let total = 0;
      for (let t = 0; t < tokens.length; t++) total += hidden[t * width + k];
      return total / tokens.length;
    });
    expect(Math.max(...mean.map(Math.abs))).toBeGreaterThan(0.1);
    expect(largestGap(vectors[i], mean)).toBeLessThan(1e-5);
  }
  expect(await embedder.embed([])).toEqual([]);
  await expect(embedder.embed([[]])).rejects.toThrow(/sequences/);
  embedder.dispose();
});
