/** PPO: per-token advantages from a value head, clipped ratios, several passes over each step's attempts. */
import { z } from 'zod';
import { gae, ppoClip, whiten } from '../../objectives/index.ts';
import { defineMethod } from '../../training/index.ts';
import type { Attempt } from '../shared/attempts.ts';
import {
  needsReference,
  regulariserOptions,
  regularisersOf,
  rolloutOptions,
  updateOptions,
} from '../shared/options.ts';
import { policyGradient } from '../shared/policy-gradient.ts';

export const ppoConfig = z.strictObject({
  ...rolloutOptions,
  ...updateOptions,
  ...regulariserOptions,
  /** Discount of later rewards. */
  gamma: z.number().min(0).max(1).default(1),
  /** 0: one-step temporal differences; 1: whole returns. */
  lambda: z.number().min(0).max(1).default(0.95),
  /** Scale advantages to mean 0 and variance 1 over the step's tokens. */
  whiten: z.boolean().default(true),
  clipLow: z.number().min(0).max(1).default(0.2),
  clipHigh: z.number().min(0).default(0.2),
  dualClip: z.number().gt(1).optional(),
  /** Furthest a value may move in a step before its gain is ignored; absent: no clipping. */
  valueClip: z.number().gt(0).optional(),
  valueCoefficient: z.number().min(0).default(0.5),
});

type PpoConfig = z.output<typeof ppoConfig>;

function creditTokens(
  config: PpoConfig,
  attempts: readonly Attempt[],
  rewards: readonly (number[] | undefined)[],
): Record<string, number> {
  const graded = attempts.flatMap((attempt, i) => {
    const own = rewards[i];
    if (own === undefined || attempt.values === undefined) return [];
    const { gamma, lambda } = config;
    const mask = attempt.trajectory.lossMask;
    return [{ attempt, mask, ...gae({ rewards: own, values: attempt.values, mask, gamma, lambda }) }];
  });
  const advantages = config.whiten
    ? whiten(
        graded.map((one) => one.advantages),
        graded.map((one) => one.mask),
      )
    : graded.map((one) => one.advantages);
  graded.forEach(({ attempt, returns }, i) => {
    attempt.advantages = advantages[i];
    attempt.returns = returns;
  });
  return { 'value.explainedVariance': explainedVariance(graded) };
}

/** 1 - Var(return - value) / Var(return) over the model's tokens: 1 is a perfect critic, 0 a constant one. */
function explainedVariance(
  rows: readonly { attempt: Attempt; mask: ArrayLike<number>; returns: readonly number[] }[],
): number {
  const pairs = rows.flatMap(({ attempt, mask, returns }) =>
    returns.flatMap((r, t) => (mask[t] > 0 ? [[r, r - (attempt.values?.[t] ?? 0)]] : [])),
  );
  const variance = (xs: number[]) => {
    const centre = xs.reduce((a, b) => a + b, 0) / xs.length;
    return xs.reduce((sum, x) => sum + (x - centre) ** 2, 0) / xs.length;
  };
  const spread = variance(pairs.map(([r]) => r));
  return spread > 0 ? 1 - variance(pairs.map(([, error]) => error)) / spread : 0;
}

export const ppo = defineMethod({
  name: 'ppo',
  title: 'Proximal policy optimisation with a value head',
  paper: { title: 'Proximal Policy Optimization Algorithms', year: 2017, source: 'arXiv 1707.06347' },
  config: ppoConfig,
  defaults: { groupSize: 1, promptsPerStep: 128, aggregation: 'token-mean', minibatches: 4 },
  needs: (config) => ({ reference: needsReference(config), valueHead: true }),
  create(config, context) {
    const { clipLow, clipHigh, dualClip, valueClip, valueCoefficient } = config;
    const objective = ppoClip({
      clipLow,
      clipHigh,
      dualClip,
      valueClip,
      valueCoefficient,
      ...regularisersOf(config),
    });
    return policyGradient(config, context, {
      objective,
      readsValues: true,
      credit: (attempts, rewards) => creditTokens(config, attempts, rewards),
    });
  },
});
