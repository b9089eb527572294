/** OTR in logits: it is dynamic fine-tuning in expectation, its negatives sharpen or hold, its samples average to it. */
import { describe, expect, it } from 'vitest';
import type { Objective, ObjectiveInputs } from '../engine/index.ts';
import { rng } from '../random/index.ts';
import {
  array,
  grad,
  intArray,
  jit,
  logSoftmax,
  type NativeTensor,
  reshape,
  type Tensor,
  takeAlong,
} from '../tensor/index.ts';
import { crossEntropy, dynamicFineTuning, oneTokenRollout } from './index.ts';

const [TOKENS, VOCABULARY] = [5, 7];
const random = rng(3, 'one token');
const logits = Array.from({ length: TOKENS * VOCABULARY }, () => Math.fround(1.5 * random.normal()));
const answers = Array.from({ length: TOKENS }, () => random.int(VOCABULARY));
const everything = Array.from({ length: TOKENS }, () =>
  Array.from({ length: VOCABULARY }, (_, v) => v),
).flat();

/** Gradient in the logits of one row of five tokens, each of weight 1. */
async function gradientOf(objective: Objective, ids = everything, hits: number[] = []): Promise<number[]> {
  const k = ids.length / TOKENS;
  const program = jit((inputs: Record<string, Tensor>) => {
    const logprobs = logSoftmax(inputs.logits);
    const chosen = reshape(takeAlong(logprobs, inputs.answers), [1, TOKENS]);
    const { mask, given } = inputs;
    const { loss } = objective.evaluate({
      logprobs: chosen,
      candidates: takeAlong(logprobs, inputs.ids),
      mask,
      weight: mask,
      share: mask,
      data: { hits: given },
      scalars: {},
    } as unknown as ObjectiveInputs);
    return grad(loss, [inputs.logits])[0];
  });
  const out = (await program({
    logits: array(logits, [1, TOKENS, VOCABULARY]),
    answers: intArray(answers, [1, TOKENS, 1]),
    ids: intArray(ids, [1, TOKENS, k]),
    mask: array(new Array(TOKENS).fill(1), [1, TOKENS]),
    given: array(hits.length > 0 ? hits : new Array(TOKENS).fill(0), [1, TOKENS]),
  })) as unknown as NativeTensor;
  return Array.from(out.data as Float32Array);
}

const probabilities = (t: number, temperature = 1) => {
  const row = logits.slice(t * VOCABULARY, (t + 1) * VOCABULARY).map((z) => Math.exp(z / temperature));
  const total = row.reduce((a, b) => a + b, 0);
  return row.map((x) => x / total);
};
const largestGap = (a: readonly number[], b: readonly number[]) =>
  a.reduce((most, x, i) => Math.max(most, Math.abs(x - b[i])), 0);
const exact = (wrongReward: number, expectationTemperature: number) =>
  oneTokenRollout({ candidates: VOCABULARY, wrongReward, expectationTemperature });

/** One set of draws: candidates of every token, and the share of them that is the answer. */
function draws(k: number, temperature: number, name: number) {
  const stream = rng(17, name);
  const ids: number[] = [];
  const hits = answers.map((answer, t) => {
    const p = probabilities(t, temperature);
    let n = 0;
    for (let j = 0; j < k; j++) {
      let left = stream.uniform();
      const found = p.findIndex((x) => {
        left -= x;
        return left < 0;
      });
      ids.push(found);
      if (found === answer) n++;
    }
    return n / k;
  });
  return { ids, hits };
}

describe('one-token rollout', () => {
  it.each([-0.5, -0.1, 0, 0.5])(
    'in expectation at temperature 1 is (1 - β) times dynamic fine-tuning, β %d',
    async (beta) => {
      const dynamic = await gradientOf(dynamicFineTuning());
      expect(Math.max(...dynamic.map(Math.abs))).toBeGreaterThan(0.05);
      const wanted = dynamic.map((g) => (1 - beta) * g);
      expect(largestGap(await gradientOf(exact(beta, 1)), wanted)).toBeLessThan(1e-6);
    },
  );

  it("at another temperature adds β (π - π') in the logits, against the flattened policy where β is negative", async () => {
    const [beta, temperature] = [-0.3, 1.5];
    const wanted = answers.flatMap((answer, t) => {
      const [p, flat] = [probabilities(t), probabilities(t, temperature)];
      return p.map((x, v) => (1 - beta) * flat[answer] * (x - Number(v === answer)) + beta * (x - flat[v]));
    });
    expect(largestGap(await gradientOf(exact(beta, temperature)), wanted)).toBeLessThan(1e-6);
  });

  it('hears wrong candidates: without their reward only hits teach', async () => {
    const { ids, hits } = draws(8, 1, 0);
    const without = await gradientOf(oneTokenRollout({ candidates: 8, wrongReward: 0 }), ids, hits);
    const plain = await gradientOf(crossEntropy());
    const weighted = plain.map((g, i) => g * hits[Math.floor(i / VOCABULARY)]);
    expect(largestGap(without, weighted)).toBeLessThan(1e-6);
    const withThem = await gradientOf(oneTokenRollout({ candidates: 8, wrongReward: -0.5 }), ids, hits);
    const wrong = ids.slice(0, 8).find((id) => id !== answers[0]) as number;
    expect(withThem[wrong]).toBeGreaterThan(without[wrong] + 0.01);
  });

  it('is (1/K) Σ R(a) ∇ log π(a) of its candidates, whose average is the expectation', async () => {
    const [k, beta, rounds] = [64, -0.1, 60];
    const objective = oneTokenRollout({ candidates: k, wrongReward: beta });
    const total = new Array<number>(TOKENS * VOCABULARY).fill(0);
    for (let round = 0; round < rounds; round++) {
      const { ids, hits } = draws(k, 1, round);
      const got = await gradientOf(objective, ids, hits);
      if (round === 0) {
        const direct = answers.flatMap((answer, t) => {
          const p = probabilities(t);
          return p.map((x, v) =>
            ids
              .slice(t * k, (t + 1) * k)
              .reduce((sum, id) => sum - ((id === answer ? 1 : beta) * (Number(id === v) - x)) / k, 0),
          );
        });
        expect(largestGap(got, direct)).toBeLessThan(1e-6);
      }
      got.forEach((g, i) => {
        total[i] += g / rounds;
      });
    }
    expect(largestGap(total, await gradientOf(exact(beta, 1)))).toBeLessThan(0.02);
  });
});
