/** GRPO: sample a group a task, prefer what did better than the group, clip how far one step goes. */
import { z } from 'zod';
import { cispo, grpo as clippedGroups, ratioLevel } from '../../objectives/index.ts';
import { defineMethod } from '../../training/index.ts';
import { creditTrajectories } from '../shared/credit.ts';
import {
  needsReference,
  regulariserOptions,
  regularisersOf,
  rolloutOptions,
  updateOptions,
} from '../shared/options.ts';
import { policyGradient } from '../shared/policy-gradient.ts';

export const grpoConfig = z.strictObject({
  ...rolloutOptions,
  ...updateOptions,
  ...regulariserOptions,
  /** What centred rewards are divided by: the group's deviation, the whole step's, or nothing. */
  normalise: z.enum(['std', 'batch-std', 'none']).default('std'),
  /** `clip`: the clipped surrogate of PPO; `cispo`: clipped importance weights. */
  surrogate: z.enum(['clip', 'cispo']).default('clip'),
  /** Ratios are clipped from below at 1 - clipLow. */
  clipLow: z.number().min(0).max(1).default(0.2),
  /** Ratios are clipped from above at 1 + clipHigh. */
  clipHigh: z.number().min(0).default(0.2),
  /** Bound on the ratio where the advantage is negative; absent: none. */
  dualClip: z.number().gt(1).optional(),
  /** What the ratio compares; with `cispo` always tokens. */
  ratio: ratioLevel.default('token'),
  /** Largest weight that corrects for a sampler unlike the trainer; absent: none. */
  truncatedImportance: z.number().gt(0).optional(),
});

export type GrpoConfig = z.output<typeof grpoConfig>;

/** The loss of a GRPO configuration, for methods that share it. */
export function grpoObjective(config: GrpoConfig) {
  const { clipLow, clipHigh, dualClip, ratio, truncatedImportance } = config;
  const regularisers = regularisersOf(config);
  return config.surrogate === 'cispo'
    ? cispo({ clipLow, clipHigh, truncatedImportance, ...regularisers })
    : clippedGroups({ clipLow, clipHigh, dualClip, ratio, truncatedImportance, ...regularisers });
}

export const grpo = defineMethod({
  name: 'grpo',
  title: 'Group relative policy optimisation',
  paper: {
    title: 'DeepSeekMath: Pushing the Limits of Mathematical Reasoning in Open Language Models',
    year: 2024,
    source: 'arXiv 2402.03300',
  },
  config: grpoConfig,
  needs: (config) => ({ reference: needsReference(config) }),
  create: (config, context) =>
    policyGradient(config, context, {
      objective: grpoObjective(config),
      credit(attempts, rewards) {
        creditTrajectories(attempts, rewards, { name: 'group', normalise: config.normalise });
        return {};
      },
    }),
});
