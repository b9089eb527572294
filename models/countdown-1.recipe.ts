/**
 * First part of making models/countdown/, the base model of the quickstart: a small decoder reads worked countdown
 * problems that search out loud. From the root of the repository:
 *
 *   npx burnish train models/countdown-1.recipe.ts --out runs/countdown-1
 *   npx burnish train models/countdown-2.recipe.ts --out runs/countdown-2
 *   npx burnish export runs/countdown-2 models/countdown --dtype f16 --which last
 *
 * Held-out problems are split off by a hash of the problem, so no seed shows them to the model.
 */
import { defineRecipe } from '../src/training/index.ts';

export default defineRecipe({
  name: 'countdown-1',
  model: { config: { hiddenSize: 128, intermediateSize: 256, layers: 4, heads: 4, maxPositions: 128 } },
  environment: { name: 'countdown', demonstrationAccuracy: 0.9, seed: 1 },
  seed: 1,
  sampling: { maxTokens: 64, temperature: 1 },
  stages: [
    {
      method: 'supervised',
      steps: 2500,
      batchSize: 64,
      learningRate: 3e-3,
      schedule: 'cosine',
      warmupSteps: 50,
      floor: 0.02,
      weightDecay: 0.01,
    },
  ],
  evaluation: { split: 'validation', tasks: 200, every: 250 },
  snapshots: { every: 500, keep: 1 },
  export: 'last',
});
