/** REINFORCE: encourage what did better than a baseline shared by all tasks. */
import { z } from 'zod';
import { reinforce as reinforceObjective } from '../../objectives/index.ts';
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

export const reinforceConfig = z.strictObject({
  ...rolloutOptions,
  ...regulariserOptions,
  aggregation: updateOptions.aggregation,
  /** Mean reward of the step, or a running mean of earlier steps. */
  baseline: z.enum(['batch', 'running']).default('batch'),
  /** Weight of the past in the running mean. */
  decay: z.number().min(0).lt(1).default(0.9),
});

export const reinforce = defineMethod({
  name: 'reinforce',
  title: 'REINFORCE with a baseline',
  paper: {
    title: 'Simple Statistical Gradient-Following Algorithms for Connectionist Reinforcement Learning',
    year: 1992,
    source: 'doi:10.1007/BF00992696',
  },
  config: reinforceConfig,
  defaults: { aggregation: 'sequence-sum' },
  needs: (config) => ({ reference: needsReference(config) }),
  create(config, context) {
    let running: number | undefined;
    const single = { ...config, minibatches: 1, updateEpochs: 1, oldLogprobs: 'sampled' as const };
    return policyGradient(single, context, {
      objective: reinforceObjective(regularisersOf(config)),
      credit(attempts, rewards): Record<string, number> {
        const { baseline, decay } = config;
        running = creditTrajectories(attempts, rewards, { name: 'reinforce', baseline, decay }, running);
        return running === undefined ? {} : { baseline: running };
      },
      state: () => running ?? null,
      restore(state) {
        running = typeof state === 'number' ? state : undefined;
      },
    });
  },
});
