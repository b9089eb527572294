/** PPO: per-token advantages from a value head, clipped ratios, several passes over each step's attempts. */
import { z } from 'zod';
import { ppoClip } from '../../objectives/index.ts';
import { defineMethod } from '../../training/index.ts';
import { creditTokens, criticOptions } from '../shared/critic.ts';
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
  ...criticOptions,
  clipLow: z.number().min(0).max(1).default(0.2),
  clipHigh: z.number().min(0).default(0.2),
  dualClip: z.number().gt(1).optional(),
  /** Furthest a value may move in a step before its gain is ignored; absent: no clipping. */
  valueClip: z.number().gt(0).optional(),
  valueCoefficient: z.number().min(0).default(0.5),
});

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
