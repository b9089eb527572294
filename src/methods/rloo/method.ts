/** RLOO: REINFORCE with the mean of the group's other attempts as baseline. */
import { z } from 'zod';
import { grpo, reinforce } from '../../objectives/index.ts';
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

export const rlooConfig = z.strictObject({
  ...rolloutOptions,
  ...updateOptions,
  ...regulariserOptions,
  /** With more than one update a step, ratios of whole sequences are clipped at 1 - clipLow and 1 + clipHigh. */
  clipLow: z.number().min(0).max(1).default(0.2),
  clipHigh: z.number().min(0).default(0.2),
});

export const rloo = defineMethod({
  name: 'rloo',
  title: 'REINFORCE leave-one-out',
  paper: {
    title: 'Back to Basics: Revisiting REINFORCE-Style Optimization for Learning from Human Feedback in LLMs',
    year: 2024,
    source: 'arXiv 2402.14740',
  },
  config: rlooConfig,
  defaults: { aggregation: 'sequence-sum' },
  needs: (config) => ({ reference: needsReference(config) }),
  create(config, context) {
    const { clipLow, clipHigh } = config;
    const regularisers = regularisersOf(config);
    const onPolicy = config.minibatches * config.updateEpochs === 1;
    return policyGradient(config, context, {
      objective: onPolicy
        ? reinforce(regularisers)
        : grpo({ clipLow, clipHigh, ratio: 'sequence-product', ...regularisers }),
      credit(attempts, rewards) {
        creditTrajectories(attempts, rewards, { name: 'leave-one-out' });
        return {};
      },
    });
  },
});
