/** What holds of all objectives: parts add up, the mask shuts out anything, and known identities between papers. */
import { describe, expect, it } from 'vitest';
import type { ObjectiveInputs } from '../engine/index.ts';
import { rng } from '../random/index.ts';
import { array, jit, scalar, type Tensor } from '../tensor/index.ts';
import { cispo, createObjective, grpo, type ObjectiveConfig, ppoClip, reinforce } from './index.ts';
import { composeObjective } from './parts/term.ts';
import { type Batch, evaluate } from './testing/evaluate.ts';
import { CANDIDATES, randomBatch } from './testing/random-batch.ts';

const everything: ObjectiveConfig[] = [
  { name: 'cross-entropy' },
  { name: 'reinforce', kl: { coefficient: 0.1 }, entropyCoefficient: 0.1 },
  { name: 'ppo-clip', dualClip: 2, valueClip: 0.2, kl: { coefficient: 0.1 }, entropyCoefficient: 0.1 },
  { name: 'grpo', kl: { coefficient: 0.1, importanceWeighted: true }, truncatedImportance: 2 },
  { name: 'grpo', ratio: 'sequence', kl: { coefficient: 0.1, importanceWeighted: true } },
  { name: 'grpo', ratio: 'sequence-token' },
  { name: 'grpo', ratio: 'sequence-product' },
  { name: 'cispo', clipLow: 0.5, reportEntropy: true, kl: { estimator: 'k2', coefficient: 0 } },
  { name: 'nft', floor: 0.1, entropyCoefficient: 0.1 },
  { name: 'preference' },
  { name: 'one-token-rollout', candidates: CANDIDATES },
  { name: 'one-token-rollout', candidates: CANDIDATES, expectationTemperature: 1.3 },
  { name: 'dynamic-fine-tuning' },
];
const cases = everything.map((config) => ({ config, label: JSON.stringify(config) }));

function expectClose(got: readonly number[] = [], wanted: readonly number[] = [], tolerance = 1e-6) {
  expect(got).toHaveLength(wanted.length);
  got.forEach((x, i) => {
    expect(Math.abs(x - wanted[i])).toBeLessThanOrEqual(tolerance * (1 + Math.abs(wanted[i])));
  });
}

/** Every array with `change` applied. */
function mapBatch(batch: Batch, change: (rows: number[][]) => number[][]): Batch {
  return {
    ...batch,
    logprobs: change(batch.logprobs),
    entropy: change(batch.entropy ?? []),
    values: change(batch.values ?? []),
    data: Object.fromEntries(Object.entries(batch.data).map(([name, rows]) => [name, change(rows)])),
  };
}

function rowsFrom(batch: Batch, start: number, end: number): Batch {
  const cut = mapBatch(batch, (rows) => rows.slice(start, end));
  const candidates = batch.candidates?.slice(start, end);
  return { ...cut, candidates, mask: batch.mask.slice(start, end), weight: batch.weight.slice(start, end) };
}

describe.each(cases)('$label', ({ config }) => {
  const objective = createObjective(config);

  it('adds up over parts of a batch: loss, metrics and gradients', async () => {
    const batch = randomBatch(rng(1, 'parts'), 5);
    const totalTokens = batch.mask.flat().reduce((n, m) => n + m, 0);
    const whole = await evaluate(objective, batch);
    const parts = [
      await evaluate(objective, { ...rowsFrom(batch, 0, 2), totalTokens }),
      await evaluate(objective, { ...rowsFrom(batch, 2, 5), totalTokens }),
    ];
    expectClose([parts[0].loss + parts[1].loss], [whole.loss]);
    for (const [name, value] of Object.entries(whole.metrics))
      expectClose([parts[0].metrics[name] + parts[1].metrics[name]], [value]);
    for (const field of ['logprobs', 'entropy', 'values'] as const)
      expectClose(
        parts.flatMap((part) => part.gradients[field] ?? []),
        whole.gradients[field] ?? [],
      );
  });

  it.each([0, -1e30, 1e30, Infinity, -Infinity, Number.NaN])(
    'does not see %d outside the mask',
    async (junk) => {
      const batch = randomBatch(rng(2, 'junk'));
      const spoiled = mapBatch(batch, (rows) =>
        rows.map((row, i) => row.map((x, t) => (batch.mask[i][t] > 0 ? x : junk))),
      );
      const [clean, dirty] = [await evaluate(objective, batch), await evaluate(objective, spoiled)];
      expect(dirty).toEqual(clean);
      for (const gradient of Object.values(dirty.gradients))
        gradient.forEach((g: number, i: number) => {
          const token = Math.floor((i * batch.mask.flat().length) / gradient.length);
          if (batch.mask.flat()[token] === 0) expect(Math.abs(g)).toBe(0);
        });
    },
  );

  it('stays finite when the weights have moved absurdly far', async () => {
    const batch = randomBatch(rng(3, 'far'));
    const far = {
      ...batch,
      data: {
        ...batch.data,
        oldLogprobs: batch.logprobs.map((row) => row.map((_, t) => (t % 2 ? -300 : 0))),
      },
      logprobs: batch.logprobs.map((row) => row.map((x, t) => (t % 2 ? x : -300))),
    };
    const { loss, metrics, gradients } = await evaluate(objective, far);
    for (const x of [loss, ...Object.values(metrics), ...Object.values(gradients).flat()])
      expect(Number.isFinite(x)).toBe(true);
  });
});

describe('on policy', () => {
  const onPolicy = (batch: Batch): Batch => ({
    ...batch,
    data: { ...batch.data, oldLogprobs: batch.logprobs },
  });
  it('the gradients of GRPO, CISPO and the policy part of PPO are those of REINFORCE', async () => {
    const batch = onPolicy(randomBatch(rng(4, 'on policy')));
    const wanted = (await evaluate(reinforce(), batch)).gradients.logprobs;
    for (const objective of [grpo(), grpo({ ratio: 'sequence-token' }), cispo(), ppoClip({ dualClip: 3 })])
      expectClose((await evaluate(objective, batch)).gradients.logprobs, wanted);
  });
  it('the ratio is 1, nothing is clipped and the estimated KL is 0', async () => {
    const { metrics } = await evaluate(grpo(), onPolicy(randomBatch(rng(4, 'metrics'))));
    expect(metrics.ratioMean).toBeCloseTo(1, 6);
    expect(metrics).toMatchObject({ clipShare: 0, clipShareLow: 0, clipShareHigh: 0, approxKl: 0 });
  });
});

describe('sequence ratios', () => {
  it('equal the token ratio for sequences of one token', async () => {
    const batch = randomBatch(rng(6, 'one token'), 4, 1);
    const wanted = await evaluate(grpo(), batch);
    for (const ratio of ['sequence', 'sequence-token', 'sequence-product'] as const) {
      const got = await evaluate(grpo({ ratio }), batch);
      expectClose([got.loss], [wanted.loss]);
      expectClose(got.gradients.logprobs, wanted.gradients.logprobs);
    }
  });
  it('of GSPO and GSPO-token give one gradient when a row has one advantage and sequence-mean weights', async () => {
    const batch = randomBatch(rng(7, 'gspo'));
    batch.data.advantages = batch.data.advantages.map((row) => row.map(() => row[0]));
    const weight = batch.mask.map((row) => row.map((m) => m / (4 * row.reduce((n, x) => n + x, 0))));
    const [sequence, token] = [grpo({ ratio: 'sequence' }), grpo({ ratio: 'sequence-token' })];
    expectClose(
      (await evaluate(token, { ...batch, weight })).gradients.logprobs,
      (await evaluate(sequence, { ...batch, weight })).gradients.logprobs,
    );
  });
});

describe('metrics', () => {
  it('are means over the masked tokens, computed by hand', async () => {
    const batch: Batch = {
      logprobs: [[0, -1, -2, -9]],
      entropy: [[0.5, 1, 1.5, 9]],
      mask: [[1, 1, 1, 0]],
      weight: [[1, 1, 1, 0]],
      data: {
        advantages: [[1, -1, 1, 9]],
        oldLogprobs: [[-Math.LN2, -1 + Math.LN2, -2, 9]],
        referenceLogprobs: [[-1, -1, -1, 9]],
      },
    };
    const objective = grpo({ kl: { estimator: 'k1', coefficient: 0 }, reportEntropy: true });
    const { metrics } = await evaluate(objective, batch);
    const wanted = {
      ratioMean: (2 + 0.5 + 1) / 3,
      clipShareHigh: 1 / 3,
      clipShareLow: 1 / 3,
      clipShare: 2 / 3,
      approxKl: (2 - 1 - Math.LN2 + (0.5 - 1 + Math.LN2)) / 3,
      kl: (1 + 0 - 1) / 3,
      entropy: 1,
    };
    expect(Object.keys(metrics).sort()).toEqual(Object.keys(wanted).sort());
    for (const [name, value] of Object.entries(wanted)) expect(metrics[name], name).toBeCloseTo(value, 6);
  });
});

describe('composeObjective', () => {
  it('names missing arrays', async () => {
    const withOnly = (given: Partial<ObjectiveInputs>) => {
      const program = jit(({ x }: { x: Tensor }) => {
        const inputs = { logprobs: x, mask: x, weight: x, share: x, data: {}, scalars: {}, ...given };
        return ppoClip().evaluate(inputs).loss;
      });
      return program({ x: array([0], [1, 1]) });
    };
    await expect(withOnly({})).rejects.toThrow('objective ppo-clip: values is missing');
    await expect(withOnly({ values: scalar(0) })).rejects.toThrow(
      'objective ppo-clip: per-token data "advantages" is missing',
    );
  });
  it('refuses terms that only report', async () => {
    const silent = composeObjective('silent', {}, [{ data: [], evaluate: () => ({ metrics: {} }) }]);
    await expect(evaluate(silent, randomBatch(rng(9)))).rejects.toThrow('no term has a loss');
  });
});
