/** Grapheme-to-phoneme on the CMU Pronouncing Dictionary: supervised training, then reinforcement on exact words. */
import type { RecipeInput } from '../../training/index.ts';

export const g2p: RecipeInput = {
  name: 'g2p',
  model: { config: { hiddenSize: 128, intermediateSize: 384, layers: 4, heads: 4, maxPositions: 64 } },
  environment: { name: 'g2p' },
  seed: 0,
  sampling: { maxTokens: 32, temperature: 1 },
  stages: [
    {
      name: 'supervised',
      method: 'supervised',
      epochs: 2,
      batchSize: 64,
      learningRate: 3e-3,
      schedule: 'cosine',
      warmupFraction: 0.02,
      floor: 0.05,
      weightDecay: 0.01,
    },
    {
      name: 'reinforcement',
      method: 'grpo',
      steps: 250,
      promptsPerStep: 64,
      groupSize: 8,
      learningRate: 2e-4,
      schedule: 'linear',
      warmupSteps: 10,
    },
  ],
  evaluation: { split: 'validation', tasks: 1000, temperature: 0, every: 500 },
  report: { split: 'test', tasks: 12000, samples: 1 },
  snapshots: { every: 250, keep: 2 },
};
