/** Addition and subtraction with a chain of thought, from nothing: supervised on few examples, then reinforcement. */
import type { RecipeInput } from '../../training/index.ts';

export const arithmetic: RecipeInput = {
  name: 'arithmetic',
  model: { config: { hiddenSize: 128, intermediateSize: 256, layers: 3, heads: 4, maxPositions: 128 } },
  environment: { name: 'arithmetic', digits: [1, 3] },
  seed: 0,
  sampling: { maxTokens: 48, temperature: 1 },
  stages: [
    {
      name: 'supervised',
      method: 'supervised',
      steps: 400,
      learningRate: 2e-3,
      schedule: 'cosine',
      warmupSteps: 20,
    },
    { name: 'reinforcement', method: 'grpo', steps: 100, learningRate: 1e-4, warmupSteps: 5 },
  ],
  evaluation: { split: 'validation', tasks: 200, every: 50 },
  report: { split: 'test', tasks: 500, samples: 1 },
  snapshots: { every: 100, keep: 2 },
};
