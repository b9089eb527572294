/** Dynamic fine-tuning: supervised training that weighs each token by its probability. */
import { z } from 'zod';
import { dynamicFineTuning } from '../../objectives/index.ts';
import { defineMethod } from '../../training/index.ts';
import { updateOptions } from '../shared/options.ts';
import { supervised, supervisedConfig } from '../supervised/method.ts';

export const dftConfig = z.strictObject({
  ...supervisedConfig.shape,
  aggregation: updateOptions.aggregation,
});

/** What one-token rollout is in expectation, without draws: - sg[π(x)] log π(x) in the place of - log π(x). */
export const dft = defineMethod({
  name: 'dft',
  title: 'Dynamic fine-tuning: worked completions, each token weighted by its probability',
  paper: {
    title: 'On the Generalization of SFT: A Reinforcement Learning Perspective with Reward Rectification',
    year: 2025,
    source: 'arXiv 2508.05629',
  },
  config: dftConfig,
  create(config, context) {
    const imitation = supervised.create(config, context);
    const objective = dynamicFineTuning();
    return {
      ...imitation,
      async step(step) {
        const { updates, ...made } = await imitation.step(step);
        return { ...made, updates: updates.map((update) => ({ ...update, objective })) };
      },
    };
  },
});
