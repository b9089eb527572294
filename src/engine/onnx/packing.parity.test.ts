/** Packed sequences must give what each of them gives alone: losses, gradients and everything that is scored. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CHECKPOINTS, largestGap } from '../../nn/testing/fixtures.ts';
import { crossEntropy, grpo, ppoClip } from '../../objectives/index.ts';
import { add, mul, square, sum, type Tensor } from '../../tensor/index.ts';
import type { Engine, Objective, TrainingBatch } from '../index.ts';
import { randomBatch, randomTokens, relativeGap, takeGradient, tinyEngine } from '../testing/engines.ts';
import { packBatch, packSequences } from './packing.ts';

const LENGTHS = [9, 30, 2, 17, 16, 45, 12, 2, 5, 33];
const K = 3;

/** Nonlinear in candidates and in a scalar. */
const withCandidates: Objective = {
  name: 'with candidates',
  key: 'with candidates',
  needs: { candidates: K },
  data: ['returns'],
  scalars: ['strength'],
  evaluate({ logprobs, candidates, weight, data, scalars }) {
    const token = add(mul(square(logprobs), data.returns), sum(square(candidates as Tensor), -1));
    return { loss: mul(sum(mul(weight, token)), scalars.strength), metrics: {} };
  },
};

const OBJECTIVES: [string, Objective][] = [
  ['cross-entropy', crossEntropy()],
  ['ppo', ppoClip({ entropyCoefficient: 0.1 })],
  ['grpo with a ratio of sequences', grpo({ ratio: 'sequence', entropyCoefficient: 0.1 })],
  ['candidates', withCandidates],
];

/** One sequence of a batch, with the weights that it has there. */
function alone(batch: TrainingBatch, i: number): TrainingBatch {
  return {
    sequences: [batch.sequences[i]],
    mask: [batch.mask[i]],
    weight: [batch.weight[i]],
    data: Object.fromEntries(Object.entries(batch.data).map(([name, rows]) => [name, [rows[i]]])),
    scalars: batch.scalars,
    candidates: batch.candidates?.slice(i, i + 1),
  };
}

/** A batch with candidates; `mask` says where it looks, if not where `randomBatch` does. */
function batchOf(mask?: (t: number) => number): TrainingBatch {
  const batch = randomBatch(LENGTHS, 5);
  const candidates = LENGTHS.map((length, i) => Int32Array.from(randomTokens(length * K, 'candidates', i)));
  const masks = mask ? LENGTHS.map((length) => Float32Array.from({ length }, (_, t) => mask(t))) : batch.mask;
  const weight = batch.weight.map((row, i) => Float32Array.from(row, (_, t) => 0.01 * masks[i][t]));
  return { ...batch, mask: masks, weight, candidates, scalars: { strength: 0.5 } };
}

/** Two prompts with six and four completions, one of a single token, and a prompt with one completion. */
function groupedBatch(): TrainingBatch {
  const prompts = [23, 23, 23, 23, 23, 23, 40, 40, 40, 40, 7];
  const lengths = prompts.map((length, i) => length + [5, 12, 1, 9, 9, 3][i % 6]);
  const batch = randomBatch(lengths, 6);
  const sequences = batch.sequences.map((tokens, i) =>
    // The first of the group gives the prompt.
    tokens.map((token, t) => (t < prompts[i] ? batch.sequences[prompts.indexOf(prompts[i])][t] : token)),
  );
  const mask = lengths.map((length, i) => Float32Array.from({ length }, (_, t) => (t >= prompts[i] ? 1 : 0)));
  const weight = mask.map((row, i) => row.map((m) => (0.01 + 0.001 * i) * m));
  const candidates = lengths.map((length, i) => Int32Array.from(randomTokens(length * K, 'candidates', i)));
  return { ...batch, sequences, mask, weight, candidates, scalars: { strength: 0.5 } };
}

describe.each(CHECKPOINTS)('packed = unpacked: %s, against each sequence alone', (name) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await tinyEngine(name, { valueHead: true });
    // So that the value head is not zero.
    await engine.forwardBackward(batchOf(), ppoClip());
    await engine.optimStep({ learningRate: 0.01 });
  });
  afterAll(() => engine.dispose());

  it('is a batch of rows that several sequences share', () => {
    const runs = packSequences(LENGTHS, { maxTokens: () => 4096, attentionCost: 1e-3 });
    expect(runs.length).toBe(1);
    expect(runs[0].shared).toBe(true);
    expect(runs[0].rows * 2 < LENGTHS.length).toBe(true);
  });

  it('is a batch in which completions share their prompts', () => {
    const { sequences, mask } = groupedBatch();
    const runs = packBatch(sequences, mask, { maxTokens: () => 4096, attentionCost: 1e-3 });
    expect(runs.map(({ prefixes }) => prefixes)).toEqual([true]);
  });

  it.each(OBJECTIVES)('losses and gradients of %s', async (_, objective) => {
    // Few tokens, all of them, and one a sequence: the list of scored tokens is of different sizes. Then common prompts.
    for (const batch of [batchOf(), batchOf(() => 1), batchOf((t) => (t === 1 ? 1 : 0)), groupedBatch()]) {
      const together = await engine.forwardBackward(batch, objective);
      const gradient = await takeGradient(engine);
      let loss = 0;
      for (let i = 0; i < batch.sequences.length; i++)
        loss += (await engine.forwardBackward(alone(batch, i), objective)).loss;
      const apart = await takeGradient(engine);
      expect(apart.some((g) => Math.abs(g) > 1e-4)).toBe(true);
      expect(Math.abs(together.loss - loss) / Math.max(1, Math.abs(loss))).toBeLessThan(1e-5);
      expect(relativeGap(gradient, apart)).toBeLessThan(1e-5);
    }
  });

  it('log-probabilities, entropies, values, candidates and last hidden states', async () => {
    const { sequences, candidates = [] } = batchOf();
    const want = (ids: readonly Int32Array[]) => ({
      entropy: true,
      values: true,
      lastHidden: true,
      candidates: { k: K, ids },
    });
    const together = await engine.forward(sequences, want(candidates));
    for (const [i, tokens] of sequences.entries()) {
      const one = await engine.forward([tokens], want([candidates[i]]));
      for (const part of ['logprobs', 'entropy', 'values', 'candidates', 'lastHidden'] as const) {
        const [ours, theirs] = [together[part]?.[i] ?? [], one[part]?.[0] ?? []];
        expect(ours.length).toBe(theirs.length);
        expect(largestGap(ours, theirs), part).toBeLessThan(1e-5);
        if (part !== 'lastHidden') expect(ours[0]).toBe(0);
        expect(theirs.some((x) => x !== 0)).toBe(true);
      }
    }
  });
});
