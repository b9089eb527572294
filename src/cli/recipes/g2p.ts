/** Grapheme-to-phoneme on the CMU Pronouncing Dictionary: supervised training, then reinforcement on exact words. */
import type { RecipeInput } from '../../training/index.ts';

export const g2p: RecipeInput = {
  name: 'g2p',
  model: { config: { hiddenSize: 64, intermediateSize: 192, layers: 3, heads: 2, maxPositions: 64 } },
  environment: { name: 'g2p' },
  seed: 0,
  sampling: { maxTokens: 32, temperature: 1 },
  stages: [
    {
      name: 'supervised',
      method: 'supervised',
      epochs: 5,
      batchSize: 128,
      learningRate: 5e-3,
      schedule: 'cosine',
      warmupFraction: 0.02,
      floor: 0.05,
      weightDecay: 0.01,
    },
    {
      name: 'reinforcement',
      method: 'grpo',
      steps: 160,
      promptsPerStep: 256,
      groupSize: 8,
      learningRate: 3e-4,
      schedule: 'linear',
      warmupSteps: 10,
    },
  ],
  evaluation: { split: 'validation', tasks: 1000, temperature: 0, every: 500 },
  report: { split: 'test', tasks: 12000, samples: 1 },
  snapshots: { every: 250, keep: 2 },
};
