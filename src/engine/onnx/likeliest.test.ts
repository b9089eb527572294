/** Which tokens are the likeliest: in scores, against greedy draws, and as what the cross-entropy reports. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { largestGap } from '../../nn/testing/fixtures.ts';
import { crossEntropy } from '../../objectives/index.ts';
import type { Engine } from '../engine.ts';
import { randomBatch, randomTokens, takeGradient, tinyEngine, VOCABULARY } from '../testing/engines.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await tinyEngine('llama');
});
afterAll(() => engine.dispose());

it('scores say which tokens are the likeliest at their places', async () => {
  const rows = [3, 17, 1, 30].map((length, i) => randomTokens(length, 'likeliest', i));
  const greedy = await engine.sample(
    rows.map((prompt) => ({ prompt, n: 1, seed: 1 })),
    { maxTokens: 8, temperature: 0, stopTokens: [] },
  );
  const whole = rows.map((prompt, i) => [...prompt, ...greedy[i][0].tokens]);
  const ids = whole.map((row) =>
    Int32Array.from({ length: row.length * VOCABULARY }, (_, i) => i % VOCABULARY),
  );
  const want = { entropy: true, likeliest: true, candidates: { k: VOCABULARY, ids } };
  const { likeliest = [], candidates = [] } = await engine.forward(whole, want);
  whole.forEach((row, i) => {
    const direct = row.map((token, t) => {
      const next = candidates[i].subarray(t * VOCABULARY, (t + 1) * VOCABULARY);
      return Number(t > 0 && next[token] === Math.max(...next));
    });
    expect([...likeliest[i]]).toEqual(direct);
    // What was drawn greedily is the likeliest; what was made up is not.
    expect([...likeliest[i].slice(rows[i].length)]).toEqual(new Array(8).fill(1));
  });
  expect((await engine.forward(whole, { likeliest: true })).likeliest).toEqual(likeliest);
});

it('the cross-entropy reports their share, and is otherwise the same', async () => {
  const prompt = randomTokens(4, 'prompt');
  const [[sample]] = await engine.sample([{ prompt, n: 1, seed: 1 }], {
    maxTokens: 5,
    temperature: 0,
    stopTokens: [],
  });
  const random = randomBatch([9, 14]);
  const batch = { ...random, sequences: [[...prompt, ...sample.tokens], random.sequences[1]] };
  const plain = await engine.forwardBackward(batch, crossEntropy());
  const expected = await takeGradient(engine);
  const { loss, metrics } = await engine.forwardBackward(batch, crossEntropy({ accuracy: true }));
  const gradient = await takeGradient(engine);
  expect(loss).toBeCloseTo(plain.loss, 6);
  expect(largestGap(gradient, expected)).toBeLessThan(1e-6);
  expect(plain.metrics).not.toHaveProperty('accuracy');
  const { likeliest = [] } = await engine.forward(batch.sequences, { likeliest: true });
  const masked = batch.mask.flatMap((row, i) =>
    Array.from(row).flatMap((on, t) => (on > 0 && t > 0 ? [likeliest[i][t]] : [])),
  );
  const share = masked.reduce((sum, x) => sum + x, 0) / masked.length;
  expect(share).toBeGreaterThan(0);
  expect(metrics.accuracy).toBeCloseTo(share, 6);
});
