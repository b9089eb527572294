/** NFT's own properties: on policy it is Dr. GRPO and GRPO, its negatives are heard, its optimum is the right answers. */
import { describe, expect, it } from 'vitest';
import { rng } from '../random/index.ts';
import { groupAdvantages, nft, reinforce } from './index.ts';
import { type Batch, evaluate } from './testing/evaluate.ts';
import { randomBatch } from './testing/random-batch.ts';

/** Rows of groups of four with these numbers of right answers; one row an answer, right ones first. */
function grouped(rights: number[], policy: 'on' | 'off'): { batch: Batch; rewards: number[][] } {
  const rewards = rights.map((n) => Array.from({ length: 4 }, (_, i) => (i < n ? 1 : 0)));
  const batch = randomBatch(rng(11, policy, ...rights), 4 * rights.length);
  const centred = rewards.flatMap((group) => groupAdvantages(group, { normalise: 'none' }));
  batch.data.advantages = batch.mask.map((row, i) => row.map(() => centred[i]));
  if (policy === 'on') batch.data.oldLogprobs = batch.logprobs;
  return { batch, rewards };
}

const close = (got: number[], wanted: number[], tolerance = 1e-6) =>
  got.forEach((x, i) => {
    expect(Math.abs(x - wanted[i])).toBeLessThanOrEqual(tolerance);
  });

describe('NFT on policy', () => {
  const { batch, rewards } = grouped([1, 2, 3], 'on');

  it('has the gradient of Dr. GRPO with weights 1 - r̂', async () => {
    const wanted = await evaluate(reinforce(), batch);
    close((await evaluate(nft(), batch)).gradients.logprobs, wanted.gradients.logprobs);
  });

  it('has the gradient of GRPO, divided by the population deviation, with weights sqrt((1 - r̂) / r̂)', async () => {
    const divided = rewards.flatMap((group) =>
      groupAdvantages(group, { normalise: 'std', ddof: 0, epsilon: 0 }),
    );
    const data = { ...batch.data, advantages: batch.mask.map((row, i) => row.map(() => divided[i])) };
    const wanted = await evaluate(reinforce(), { ...batch, data });
    const got = await evaluate(nft({ questionWeight: 'inverse-odds-root' }), batch);
    close(got.gradients.logprobs, wanted.gradients.logprobs, 3e-6);
  });

  it('has loss 0, and gradients on every wrong token: the floor lets them through', async () => {
    const { loss, gradients, metrics } = await evaluate(nft({ questionWeight: 'uniform' }), batch);
    expect(Math.abs(loss)).toBeLessThan(1e-6);
    expect(metrics.floorShare).toBeLessThanOrEqual(1);
    const wrong = batch.mask.flatMap((row, i) => row.map((m) => m > 0 && batch.data.advantages[i][0] < 0));
    expect(wrong.filter(Boolean).length).toBeGreaterThan(10);
    gradients.logprobs.forEach((g, i) => {
      if (wrong[i]) expect(g).toBeGreaterThan(1e-4);
    });
  });
});

describe('NFT off policy', () => {
  const { batch } = grouped([1, 2, 3], 'off');

  it('without negatives is weighted maximum likelihood of right answers', async () => {
    const { gradients } = await evaluate(nft({ negativeWeight: 0, questionWeight: 'uniform' }), batch);
    const wanted = batch.mask.flatMap((row, i) =>
      row.map((_, t) => (batch.data.advantages[i][0] > 0 ? -batch.weight[i][t] : 0)),
    );
    close(gradients.logprobs, wanted);
  });

  it('never silences a token, where a clipped ratio would', async () => {
    const far = batch.logprobs.map((row, i) =>
      row.map((x) => (batch.data.advantages[i][0] > 0 ? x - 1 : x + 1)),
    );
    const { gradients } = await evaluate(nft(), { ...batch, data: { ...batch.data, oldLogprobs: far } });
    batch.mask.flat().forEach((m, i) => {
      if (m > 0) expect(Math.abs(gradients.logprobs[i])).toBeGreaterThan(1e-4);
    });
  });

  it('takes rates of 0 and 1 for rates of 0.02 and 0.98', async () => {
    const at = async (advantage: number) => {
      const data = { ...batch.data, advantages: batch.mask.map((row) => row.map(() => advantage)) };
      return (await evaluate(nft(), { ...batch, data })).gradients.logprobs;
    };
    expect(await at(-0.999)).toEqual(await at(-0.98));
    expect(await at(0.999)).toEqual(await at(0.98));
    expect((await at(0)).every((g) => g === 0 || Object.is(g, -0))).toBe(true);
  });
});

describe('the implicit negative policy', () => {
  /** One question with four one-token answers; expectations over the sampling policy, exact. */
  const old = [0.4, 0.3, 0.2, 0.1];
  const right = [true, false, true, false];
  const rate = 0.6;

  it('has its optimum at the policy of right answers (Theorem 3.1); wrong answers alone leave only right ones', async () => {
    const target = old.map((p, i) => (right[i] ? p / rate : 0));
    for (const only of ['both', 'wrong'] as const) {
      let logits = old.map(Math.log);
      for (let step = 0; step < 4000; step++) {
        const total = logits.reduce((sum, z) => sum + Math.exp(z), 0);
        const policy = logits.map((z) => Math.exp(z) / total);
        const slope = exactSlopes(policy, only);
        const centre = slope.reduce((sum, g) => sum + g, 0);
        logits = logits.map((z, i) => z - 0.05 * (slope[i] - policy[i] * centre));
      }
      const total = logits.reduce((sum, z) => sum + Math.exp(z), 0);
      const policy = logits.map((z) => Math.exp(z) / total);
      const gaps = policy.map((p, i) => (only === 'wrong' && right[i] ? 0 : Math.abs(p - target[i])));
      expect(Math.max(...gaps), `${only}: ${policy}`).toBeLessThan(0.01);
    }
  });

  /** Expected gradient in log π; the closed form that the next test holds the objective to. */
  function exactSlopes(policy: readonly number[], only: 'both' | 'wrong'): number[] {
    return policy.map((p, i) => {
      const ratio = p / old[i];
      if (right[i]) return only === 'both' ? -old[i] : 0;
      return old[i] * ((rate * ratio) / (1 - rate) / Math.max((1 - rate * ratio) / (1 - rate), 0.01));
    });
  }

  it('is what the objective computes', async () => {
    const policy = [0.55, 0.2, 0.22, 0.03];
    const { gradients } = await evaluate(nft({ questionWeight: 'uniform', floor: 0.01 }), {
      logprobs: policy.map((p) => [Math.log(p)]),
      mask: policy.map(() => [1]),
      weight: old.map((p) => [p]),
      data: {
        oldLogprobs: old.map((p) => [Math.log(p)]),
        advantages: right.map((is) => [is ? 1 - rate : -rate]),
      },
    });
    close(gradients.logprobs, exactSlopes(policy, 'both'));
  });
});
