/**
 * Makes the base model of the quickstart, models/countdown/: a small decoder that has read worked countdown problems,
 * some of which give up, and so sometimes succeeds.
 *
 *   npx burnish train models/countdown.recipe.ts --out runs/countdown-base
 *   npx burnish export runs/countdown-base models/countdown --dtype f16 --which last
 */
import { defineRecipe } from '../src/training/index.ts';

export default defineRecipe({
  name: 'countdown-base',
  model: { config: { hiddenSize: 128, intermediateSize: 256, layers: 4, heads: 4, maxPositions: 128 } },
  // Another seed than the quickstart's: its training problems are drawn anew. Held-out problems are split off by a hash.
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
