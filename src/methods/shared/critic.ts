/** Credit by a value head: every token's own advantage, and the return that the head learns. */
import { z } from 'zod';
import { gae, whiten } from '../../objectives/index.ts';
import type { Attempt } from './attempts.ts';

export const criticOptions = {
  /** Discount of later rewards. */
  gamma: z.number().min(0).max(1).default(1),
  /** 0: one-step temporal differences; 1: whole returns. */
  lambda: z.number().min(0).max(1).default(0.95),
  /** Scale advantages to mean 0 and variance 1 over the step's tokens. */
  whiten: z.boolean().default(true),
};

export type CriticConfig = z.output<z.ZodObject<typeof criticOptions>>;

/**
 * Advantages by generalised advantage estimation, and returns, for attempts with rewards and values. Returns the metric
 * `value.explainedVariance`.
 */
export function creditTokens(
  config: CriticConfig,
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
