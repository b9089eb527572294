/** Critic-free advantage estimators by name, over all groups of a step. */
import { z } from 'zod';
import { groupAdvantageOptions, groupAdvantages } from './group.ts';
import { leaveOneOut } from './leave-one-out.ts';
import { reinforceBaseline, reinforceBaselineOptions } from './reinforce-baseline.ts';
import type { Reward } from './rewards.ts';

/** An estimator's name with its options. */
export const advantageSchema = z.discriminatedUnion('name', [
  groupAdvantageOptions.extend({ name: z.literal('group') }),
  z.strictObject({ name: z.literal('leave-one-out') }),
  reinforceBaselineOptions.extend({ name: z.literal('reinforce') }),
]);

/** As written in a recipe: options with defaults may be left out. */
export type AdvantageConfig = z.input<typeof advantageSchema>;

export interface AdvantageResult {
  /** One advantage a reward, group by group. */
  advantages: number[][];
  /** State of the `reinforce` estimator: part of a run's snapshot, to be given back at the next step. */
  baseline?: number;
}

/**
 * Advantages of every trajectory of a step. `previous` is the last step's `baseline`.
 * Throws a ZodError when the configuration is not of the schema, and a RangeError for an infinite reward.
 */
export function estimateAdvantages(
  groups: readonly (readonly Reward[])[],
  config: AdvantageConfig,
  previous?: number,
): AdvantageResult {
  const parsed = advantageSchema.parse(config);
  if (parsed.name === 'leave-one-out') return { advantages: groups.map(leaveOneOut) };
  const batch = groups.flat();
  if (parsed.name === 'group') {
    const { name: _, ...options } = parsed;
    return { advantages: groups.map((rewards) => groupAdvantages(rewards, options, batch)) };
  }
  const { name: _, ...options } = parsed;
  const { advantages, baseline } = reinforceBaseline(batch, options, previous);
  let next = 0;
  return { advantages: groups.map((rewards) => rewards.map(() => advantages[next++])), baseline };
}
