/** Every objective against a direct float64 computation: the value, and gradients by central finite differences. */
import { describe, expect, it } from 'vitest';
import { rng } from '../random/index.ts';
import { createObjective, type ObjectiveConfig, objectiveSchema } from './index.ts';
import { directLoss } from './testing/direct.ts';
import { type Batch, evaluate } from './testing/evaluate.ts';
import { CANDIDATES, randomBatch } from './testing/random-batch.ts';

const configs: ObjectiveConfig[] = [
  { name: 'cross-entropy' },
  { name: 'reinforce', kl: { estimator: 'k2', coefficient: 0.3 }, entropyCoefficient: 0.05 },
  { name: 'ppo-clip', dualClip: 1.5, entropyCoefficient: 0.01 },
  { name: 'ppo-clip', clipLow: 0.1, clipHigh: 0.3, valueClip: 0.2, valueCoefficient: 0.7 },
  { name: 'grpo', kl: { coefficient: 0.2, importanceWeighted: true } },
  { name: 'grpo', kl: { estimator: 'k1', coefficient: 0.2 }, truncatedImportance: 1.3 },
  { name: 'grpo', ratio: 'sequence', clipLow: 0.02, clipHigh: 0.03, dualClip: 1.2 },
  { name: 'grpo', ratio: 'sequence-token', kl: { coefficient: 0.1, importanceWeighted: true } },
  { name: 'grpo', ratio: 'sequence-product', clipHigh: 0.4 },
  { name: 'cispo', clipLow: 0.3, truncatedImportance: 1.1 },
  { name: 'cispo', kl: { coefficient: 0.1 }, entropyCoefficient: 0.02 },
  { name: 'nft' },
  { name: 'one-token-rollout', candidates: CANDIDATES },
  { name: 'one-token-rollout', candidates: CANDIDATES, wrongReward: -0.5, expectationTemperature: 1.3 },
  { name: 'dynamic-fine-tuning' },
  {
    name: 'nft',
    questionWeight: 'inverse-odds-root',
    negativeWeight: 0.5,
    floor: 0.3,
    kl: { coefficient: 0.1 },
  },
  { name: 'preference' },
  { name: 'preference', loss: 'ipo', beta: 0.3 },
];

const STEP = 1e-5;
type Field = 'logprobs' | 'entropy' | 'values';

/** One-sided slopes at every entry of a field; they differ where a kink lies within a step. */
function slopes(config: ObjectiveConfig, batch: Batch, field: Field): { slope: number; smooth: boolean }[] {
  const parsed = objectiveSchema.parse(config);
  const at = (i: number, t: number, step: number) => {
    const moved = (batch[field] ?? []).map((row, r) =>
      row.map((x, c) => (r === i && c === t ? x + step : x)),
    );
    return directLoss(parsed, { ...batch, [field]: moved }, batch.logprobs);
  };
  return batch.mask.flatMap((row, i) =>
    row.map((_, t) => {
      const [before, here, after] = [at(i, t, -STEP), at(i, t, 0), at(i, t, STEP)];
      const smooth = Math.abs((after - here - (here - before)) / STEP) < 1e-3;
      return { slope: (after - before) / (2 * STEP), smooth };
    }),
  );
}

describe.each(configs.map((config) => ({ config, label: JSON.stringify(config) })))(
  '$label',
  ({ config }) => {
    it.each([0, 1, 2])('random batch %i', async (draw) => {
      const batch = randomBatch(rng(5, JSON.stringify(config), draw));
      const objective = createObjective(config);
      const result = await evaluate(objective, batch);
      const direct = directLoss(objectiveSchema.parse(config), batch, batch.logprobs);
      expect(Math.abs(result.loss - direct)).toBeLessThan(1e-5 * (1 + Math.abs(direct)));
      for (const field of ['logprobs', 'entropy', 'values'] as const) {
        const gradient = result.gradients[field];
        if (!gradient) continue;
        const wanted = slopes(config, batch, field);
        expect(
          wanted.every(({ smooth }) => smooth),
          'the batch lies on a kink: draw another',
        ).toBe(true);
        wanted.forEach(({ slope }, i) => {
          expect(
            Math.abs(gradient[i] - slope),
            `${field}[${i}]: ${gradient[i]} against ${slope}`,
          ).toBeLessThan(2e-5 * (1 + Math.abs(slope)));
        });
      }
    });
  },
);
