/** TruthRL's claim at CPU scale: rewarding abstentions above wrong answers makes a model truthful, and not merely silent. */
import { truthfulness } from '../../evaluation/index.ts';
import { truthOutcome } from '../../graders/index.ts';
import { type Arm, type ArmResult, type BaseSpec, defineReproduction } from '../../reproduce/index.ts';
import { evaluate, type RecipeInput, startingModel } from '../../training/index.ts';
import type { Trajectory } from '../../types/index.ts';
import { methods } from '../index.ts';
import { EXPOSURES, type FactTableOptions, factQuestions, factSentences, IDK } from './fact-table.ts';

const STEPS = 200;
const SAMPLING = { maxTokens: 2, temperature: 1 };

/** A world for each seed: a third of its entities is never mentioned, a third about three times a fact. */
const worldOf = (seed: number): FactTableOptions => ({
  seed,
  entities: 600,
  relations: 4,
  answers: 32,
  unseen: 0.35,
  rare: 0.35,
  sentences: { rare: 3, common: 24 },
  truth: { rare: 0.75, common: 0.9 },
  abstention: 0.05,
});

const base = (seed: number): BaseSpec => ({
  family: 'fact-table',
  recipe: {
    name: 'fact-table-base',
    model: { config: { hiddenSize: 64, layers: 2, heads: 4, maxPositions: 8, tieEmbeddings: false } },
    environment: { name: 'fact-sentences', ...worldOf(seed) },
    seed,
    sampling: SAMPLING,
    stages: [
      {
        method: 'supervised',
        steps: 1500,
        batchSize: 128,
        learningRate: 2e-3,
        schedule: 'linear',
        warmupSteps: 50,
        beta2: 0.95,
      },
    ],
    evaluation: { tasks: 200, temperature: 0, every: 0 },
    export: 'last',
  },
  environment: () => factSentences(worldOf(seed)),
});

type Stage = { method: string } & Record<string, unknown>;

/** The same for every arm that reinforces. */
const REINFORCED = {
  steps: STEPS,
  promptsPerStep: 64,
  groupSize: 8,
  learningRate: 2e-4,
  schedule: 'linear',
  beta2: 0.95,
  kl: { coefficient: 0.001 },
};

const SUPERVISED = { steps: STEPS, batchSize: 64, learningRate: 2e-4, schedule: 'linear', beta2: 0.95 };

const figuresOf = (trajectories: readonly Trajectory[]) =>
  truthfulness(trajectories.flatMap(({ grade }) => truthOutcome(grade) ?? []));

/** One greedy answer to every question about an entity that was never asked about in training. */
async function measured(
  parts: Pick<Parameters<typeof evaluate>[0], 'engine' | 'tokenizer' | 'environment' | 'signal'>,
): Promise<Record<string, number>> {
  const { groups } = await evaluate({
    ...parts,
    split: 'test',
    tasks: 10_000,
    sampling: { ...SAMPLING, temperature: 0 },
    seed: 0,
  });
  const all = groups.flatMap(({ trajectories }) => trajectories);
  const by = EXPOSURES.flatMap((exposure) => {
    const figures = figuresOf(all.filter(({ task }) => task.metadata?.exposure === exposure));
    return [
      [`abstention.${exposure}`, figures.abstention],
      [`accuracy.${exposure}`, figures.accuracy],
    ];
  });
  return { ...figuresOf(all), ...Object.fromEntries(by) };
}

function recipeOf(model: string, seed: number, own: Stage): RecipeInput {
  return {
    name: 'fact-questions',
    model,
    environment: { name: 'fact-questions', ...worldOf(seed) },
    sampling: SAMPLING,
    stages: [own],
    evaluation: { split: 'test', tasks: 300, temperature: 0, every: 20 },
    export: 'last',
    snapshots: { every: 50, keep: 1 },
    trajectories: 0,
  };
}

function arm(title: string, own: Stage, budgeted = true): Arm {
  return {
    title,
    budgeted,
    settings: own,
    async run({ train, base: baseModel, seed, signal }): Promise<ArmResult> {
      const environment = factQuestions(worldOf(seed));
      const recipe = recipeOf(await baseModel(base(seed)), seed, own);
      const { engine, tokenizer, metrics: series } = await train({ recipe, environment });
      const metrics = await measured({ engine, tokenizer, environment, signal });
      engine.dispose();
      const found = series.find(({ name }) => name === 'eval.parts.truthfulness');
      if (found === undefined) throw new Error('the run recorded no eval.parts.truthfulness');
      const curves = { truthfulness: { x: found.steps, y: found.values } };
      return {
        metrics,
        curves,
        spent: budgeted ? STEPS * REINFORCED.promptsPerStep * REINFORCED.groupSize : undefined,
      };
    },
  };
}

/** The untrained model. */
const before: Arm = {
  title: 'base model',
  budgeted: false,
  async run({ base: baseModel, seed, signal }) {
    const environment = factQuestions(worldOf(seed));
    const model = await baseModel(base(seed));
    const { engine, tokenizer } = await startingModel({ model, seed }, environment.symbols);
    const metrics = await measured({ engine, tokenizer, environment, signal });
    engine.dispose();
    return { metrics };
  },
};

export const reproduction = defineReproduction({
  paper: 3,
  name: 'truthrl',
  title: 'TruthRL: a three-way reward of truthfulness',
  claim:
    'reinforcement with rewards 1, 0 and -1 for right, abstaining and wrong answers makes a model much more truthful (accuracy less hallucination) than the same reinforcement with right-or-wrong rewards and than R-Tuning, by abstaining where it does not know and almost nowhere else.',
  criteria: [
    {
      says: 'truthfulness is at least 15 points above that of binary rewards',
      metric: 'truthfulness',
      arm: 'ternary',
      than: 'binary',
      by: 0.15,
      direction: 'higher',
    },
    {
      says: 'hallucination is below half of that of binary rewards',
      metric: 'hallucination',
      arm: 'ternary',
      than: 'binary',
      factor: 0.5,
      direction: 'lower',
    },
    {
      says: 'accuracy falls by less than 6 points from the base model',
      metric: 'accuracy',
      arm: 'ternary',
      than: 'base',
      by: -0.06,
      direction: 'higher',
    },
    {
      says: 'it abstains on more than 90 % of what the texts never mention',
      metric: 'abstention.unseen',
      arm: 'ternary',
      than: 0.9,
      direction: 'higher',
    },
    {
      says: 'it abstains on less than 10 % of what the texts often mention',
      metric: 'abstention.common',
      arm: 'ternary',
      than: 0.1,
      direction: 'lower',
    },
    {
      says: 'truthfulness is above that of R-Tuning',
      metric: 'truthfulness',
      arm: 'ternary',
      than: 'r-tuning',
      direction: 'higher',
    },
  ],
  alsoMeasured: [
    {
      says: 'binary rewards make the model less truthful than it was',
      metric: 'truthfulness',
      arm: 'binary',
      than: 'base',
      direction: 'lower',
    },
    {
      says: 'supervised training on right answers makes it less truthful than it was',
      metric: 'truthfulness',
      arm: 'supervised',
      than: 'base',
      direction: 'lower',
    },
    {
      says: 'knowing which questions lie beyond the model adds nothing to the three-way reward',
      metric: 'truthfulness',
      arm: 'ternary-knowledge',
      than: 'ternary',
      direction: 'lower',
    },
  ],
  arms: {
    base: before,
    supervised: arm('supervised training on right answers', { method: 'supervised', ...SUPERVISED }, false),
    'r-tuning': arm('R-Tuning', { method: 'r-tuning', abstain: IDK, probes: 64, ...SUPERVISED }, false),
    binary: arm('GRPO, right or wrong', { method: 'truthrl', reward: 'binary', ...REINFORCED }),
    ternary: arm('TruthRL: GRPO, right, abstaining or wrong', { method: 'truthrl', ...REINFORCED }),
    'ternary-knowledge': arm('TruthRL with known limits of knowledge', {
      method: 'truthrl',
      knowledge: { probes: 64 },
      ...REINFORCED,
    }),
  },
  budget: {
    unit: 'answers',
    equality: `Arms that reinforce sample ${STEPS} steps of 64 questions with 8 answers each, and make one gradient step of each. The two supervised arms make as many gradient steps, of 64 worked answers. What asking about the limits of knowledge costs (64 answers a question, of the base model) is not counted.`,
  },
  seeds: [1, 2, 3, 4, 5],
  calibrationSeeds: [100],
  minutes: 7,
  metrics: {
    truthfulness: { label: 'truthfulness', as: 'percent', better: 'higher' },
    hallucination: { label: 'hallucination', as: 'percent', better: 'lower' },
    accuracy: { label: 'accuracy', as: 'percent', better: 'higher' },
    abstention: { label: 'abstention', as: 'percent' },
    'abstention.unseen': { label: 'abstention, never mentioned', as: 'percent', better: 'higher' },
    'abstention.rare': { label: 'abstention, rarely mentioned', as: 'percent' },
    'abstention.common': { label: 'abstention, often mentioned', as: 'percent', better: 'lower' },
    'accuracy.rare': { label: 'accuracy, rarely mentioned', as: 'percent', better: 'higher' },
    'accuracy.common': { label: 'accuracy, often mentioned', as: 'percent', better: 'higher' },
  },
  plots: [
    {
      kind: 'curves',
      curve: 'truthfulness',
      title: 'Truthfulness on entities that training never asks about',
      x: 'steps',
      y: 'accuracy less hallucination',
      arms: ['supervised', 'r-tuning', 'binary', 'ternary', 'ternary-knowledge'],
    },
    { kind: 'arms', metric: 'hallucination', title: 'Hallucination' },
    { kind: 'arms', metric: 'truthfulness', title: 'Truthfulness' },
  ],
  published: {
    columns: ['Llama3.1-8B, CRAG with retrieval', 'truthfulness', 'hallucination', 'accuracy'],
    rows: [
      ['prompting', '5.3', '43.5', '48.8'],
      ['supervised', '1.4', '49.3', '50.7'],
      ['R-Tuning', '15.2', '33.1', '48.4'],
      ['binary rewards', '20.8', '39.5', '60.3'],
      ['TruthRL', '37.2', '19.4', '56.6'],
    ],
    note: 'In percent, of a model some forty thousand times as large that answers questions from retrieved documents; ours answers from memory.',
  },
  methods,
  bases: (seed) => [base(seed)],
  code: import.meta.url,
});
