/**
 * Second part of making models/countdown/: the model of countdown-1.recipe.ts reads problems of which half are given up
 * after a try that misses, and so gives up itself: it knows how to search, but not to go on searching.
 */
import { defineRecipe } from '../src/training/index.ts';
import first from './countdown-1.recipe.ts';

export default defineRecipe({
  ...first,
  name: 'countdown-2',
  model: '../runs/countdown-1/model',
  environment: { ...first.environment, demonstrationAccuracy: 0.5, seed: 2 },
  seed: 2,
  stages: [{ ...first.stages[0], steps: 400, learningRate: 1e-3, warmupSteps: 20 }],
  evaluation: { split: 'validation', tasks: 200, every: 100 },
});
