/** A reproduction for tests whose arms train: a base model shared by all, and two arms that go on from it. */
import { methods } from '../../methods/index.ts';
import type { RecipeInput } from '../../training/index.ts';
import type { BaseSpec } from '../base-model.ts';
import { type Arm, defineReproduction } from '../declaration.ts';

const shared = {
  environment: { name: 'arithmetic', digits: [1, 1], chainOfThought: false, validationSize: 8, testSize: 8 },
  sampling: { maxTokens: 4 },
  evaluation: { tasks: 8, every: 0 },
  export: 'last',
} satisfies Partial<RecipeInput>;

const base: BaseSpec = {
  family: 'sums',
  recipe: {
    ...shared,
    name: 'toy-base',
    model: { config: { hiddenSize: 16, layers: 1, heads: 2, maxPositions: 32 } },
    stages: [{ method: 'supervised', steps: 20, batchSize: 8 }],
    snapshots: { every: 5, keep: 1 },
  },
};

const arm = (title: string, learningRate: number): Arm => ({
  title,
  settings: { learningRate },
  async run({ train, base: baseModel, seed }) {
    const { engine, summary } = await train({
      recipe: {
        ...shared,
        name: 'toy-arm',
        model: await baseModel(base),
        seed,
        stages: [{ method: 'supervised', steps: 150, batchSize: 8, learningRate }],
        snapshots: { every: 10, keep: 1 },
      },
    });
    const { parameters } = engine.snapshot().arrays;
    engine.dispose();
    const weights = parameters.reduce((sum, value, i) => sum + value * ((i % 7) + 1), 0);
    return { metrics: { score: summary.after.meanScore.estimate, weights }, spent: 150 };
  },
});

export const reproduction = defineReproduction({
  paper: 0,
  name: 'toy-training',
  title: 'learning rates',
  claim: 'a higher learning rate moves the weights further.',
  criteria: [
    { says: 'the weights differ', metric: 'weights', arm: 'fast', than: 'slow', direction: 'higher' },
  ],
  arms: { slow: arm('a low learning rate', 1e-4), fast: arm('a high learning rate', 1e-2) },
  budget: { unit: 'steps', equality: '150 steps each.' },
  seeds: [1],
  minutes: 0.2,
  metrics: { score: { label: 'score', as: 'percent' }, weights: { label: 'weights', as: 'number' } },
  methods,
  bases: () => [base],
  code: import.meta.url,
});
