/** The quickstart: reinforcement alone takes the shipped base model from sometimes right to mostly right. */
import type { RecipeInput } from '../../training/index.ts';

export const countdown: RecipeInput = {
  name: 'countdown',
  model: 'burnish/countdown',
  environment: { name: 'countdown' },
  seed: 0,
  sampling: { maxTokens: 64, temperature: 1 },
  stages: [
    {
      name: 'reinforcement',
      method: 'grpo',
      steps: 60,
      promptsPerStep: 32,
      groupSize: 8,
      learningRate: 5e-4,
      schedule: 'linear',
      warmupSteps: 5,
      floor: 0.1,
    },
  ],
  evaluation: { split: 'validation', tasks: 200, every: 20 },
  report: { split: 'test', tasks: 500, samples: 1 },
  snapshots: { every: 20, keep: 2 },
};
