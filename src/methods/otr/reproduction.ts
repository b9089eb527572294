/** OTR's claim at CPU scale: with noisy worked answers its policy gradient learns the skill better, and forgets less, than imitation. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Arm,
  type ArmResult,
  type BaseSpec,
  defineReproduction,
  type FinishedRecipe,
} from '../../reproduce/index.ts';
import { evaluate, type RecipeInput, startingModel } from '../../training/index.ts';
import { methods } from '../index.ts';
import { type DigitSkillOptions, digitSkills, SKILLS, type Skill } from './digit-skills.ts';

const STEPS = 150;
const BATCH = 64;
const SAMPLING = { maxTokens: 8, temperature: 1 };

/** All skills, one digit in ten wrong; one answer in twenty to the skill that is trained later has a mark. */
const pretraining = (seed: number): DigitSkillOptions => ({
  skills: SKILLS,
  noise: 0.1,
  styled: 0.05,
  seed,
  heldOutSize: 256,
});

/** Problems that nothing was chosen by. */
const measuring = (seed: number, skill: Skill) => ({ ...pretraining(1000 + seed), skills: [skill] });

/** A file of running maxima, every one with the mark, one digit in five wrong. */
const demonstrations = (seed: number): DigitSkillOptions => ({
  ...pretraining(2000 + seed),
  skills: ['M'],
  noise: 0.2,
  styled: 1,
  trainingSize: 3000,
});

const base = (seed: number): BaseSpec => ({
  family: 'digit-skills',
  recipe: {
    name: 'digit-skills-base',
    model: { config: { hiddenSize: 64, layers: 2, heads: 4, maxPositions: 24 } },
    environment: { name: 'digit-skills', ...pretraining(seed), skills: [...SKILLS] },
    seed,
    sampling: SAMPLING,
    stages: [
      {
        method: 'supervised',
        steps: 1200,
        batchSize: 128,
        learningRate: 3e-3,
        schedule: 'cosine',
        warmupSteps: 50,
      },
    ],
    evaluation: { tasks: 256, temperature: 0, every: 0 },
    export: 'last',
  },
  environment: () => digitSkills(pretraining(seed)),
});

type Stage = { method: string; learningRate: number } & Record<string, unknown>;

function recipeOf(model: string, seed: number, own: Stage): RecipeInput {
  return {
    name: 'digit-skills',
    model,
    environment: { name: 'digit-skills', ...demonstrations(seed), skills: ['M'] },
    sampling: SAMPLING,
    stages: [{ steps: STEPS, batchSize: BATCH, aggregation: 'sequence-mean', ...own }],
    evaluation: { split: 'validation', tasks: 256, samples: 2, temperature: 1, every: 10 },
    export: 'best',
    snapshots: { every: 50, keep: 1 },
  };
}

type Model = Pick<Parameters<typeof evaluate>[0], 'engine' | 'tokenizer' | 'signal'>;

/** Sampled accuracy on every skill, greedy accuracy on the one that is trained, and how often it has the mark. */
async function measured(model: Model, seed: number): Promise<Record<string, number>> {
  const on = (skill: Skill, temperature: number, samples: number) =>
    evaluate({
      ...model,
      environment: digitSkills(measuring(seed, skill)),
      split: 'test',
      tasks: 256,
      samples,
      sampling: { ...SAMPLING, temperature },
      seed,
    });
  const metrics: Record<string, number> = {};
  const kept: number[] = [];
  for (const skill of SKILLS) {
    const { summary } = await on(skill, 1, 4);
    metrics[`sampled.${skill}`] = summary.passAt1.estimate;
    if (skill === 'M') metrics.styled = summary.parts.styled;
    else kept.push(summary.passAt1.estimate);
  }
  metrics['greedy.M'] = (await on('M', 0, 1)).summary.passAt1.estimate;
  metrics.others = kept.reduce((a, b) => a + b, 0) / kept.length;
  return metrics;
}

function curveOf({ metrics }: FinishedRecipe, name: string) {
  const series = metrics.find((one) => one.name === name);
  if (series === undefined) throw new Error(`the run recorded no ${name}`);
  return { x: series.steps, y: series.values };
}

/** Fine-tunes on the file and measures the last weights. */
function arm(title: string, own: Stage): Arm {
  return {
    title,
    settings: own,
    async run({ train, base: baseModel, seed, signal }): Promise<ArmResult> {
      const environment = digitSkills(demonstrations(seed));
      const run = await train({ recipe: recipeOf(await baseModel(base(seed)), seed, own), environment });
      const { engine, tokenizer } = run;
      const metrics = await measured({ engine, tokenizer, signal }, seed);
      engine.dispose();
      return { metrics, curves: { accuracy: curveOf(run, 'eval.passAt1') }, spent: STEPS * BATCH };
    },
  };
}

async function measureFolder(model: string, seed: number, signal: AbortSignal): Promise<ArmResult> {
  const { engine, tokenizer } = await startingModel({ model, seed }, digitSkills(pretraining(seed)).symbols);
  const metrics = await measured({ engine, tokenizer, signal }, seed);
  engine.dispose();
  return { metrics };
}

const before: Arm = {
  title: 'base model',
  budgeted: false,
  run: async ({ base: baseModel, seed, signal }) => measureFolder(await baseModel(base(seed)), seed, signal),
};

/** The weights of the supervised arm that were best on right answers of the validation split. */
const early: Arm = {
  title: 'supervised, stopped where it is best on held-out right answers',
  budgeted: false,
  needs: ['sft'],
  async run({ folderOf, seed, signal }) {
    const model = join(folderOf('sft'), 'run', 'model');
    if (!existsSync(model))
      throw new Error(`${model} is missing, expected the supervised arm's best weights`);
    return await measureFolder(model, seed, signal);
  },
};

const gap = (of: string) => (results: Readonly<Record<string, ArmResult>>) =>
  (['sampled.M', 'others'] as const).reduce(
    (sum, name) => sum + (results.otr.metrics[name] - results[of].metrics[name]) / 2,
    0,
  );

export const reproduction = defineReproduction({
  paper: 37,
  name: 'otr',
  title: 'OTR: policy gradient on the tokens of worked answers',
  claim:
    'treating each next token of worked answers as an episode of one sampled token, rewarded when it is the right one, learns a skill better than supervised training on the same answers and keeps more of other skills.',
  criteria: [
    {
      says: 'sampled accuracy on the trained skill is above that of supervised training',
      metric: 'sampled.M',
      arm: 'otr',
      than: 'sft',
      direction: 'higher',
    },
    {
      says: 'sampled accuracy on the other skills is above that of supervised training',
      metric: 'others',
      arm: 'otr',
      than: 'sft',
      direction: 'higher',
    },
    {
      says: 'early stopping does not make up for it: over both, OTR is above supervised training that is stopped where it is best',
      name: 'mean gain over early stopping',
      arms: ['otr', 'early'],
      value: gap('early'),
      direction: 'higher',
      than: 0,
    },
  ],
  alsoMeasured: [
    {
      says: 'at one learning rate, sampled accuracy on the trained skill is above that of supervised training',
      metric: 'sampled.M',
      arm: 'otr',
      than: 'sft-faster',
      direction: 'higher',
    },
    {
      says: 'at one learning rate, so is sampled accuracy on the other skills',
      metric: 'others',
      arm: 'otr',
      than: 'sft-faster',
      direction: 'higher',
    },
    {
      says: 'greedy accuracy on the trained skill is above that of supervised training',
      metric: 'greedy.M',
      arm: 'otr',
      than: 'sft',
      direction: 'higher',
    },
    {
      says: 'the draws are not what helps: weighting tokens by their probability (DFT) is at most 2 points worse on the trained skill',
      metric: 'sampled.M',
      arm: 'dft',
      than: 'otr',
      by: -0.02,
      direction: 'higher',
    },
    {
      says: 'and at most 2 points worse on the other skills',
      metric: 'others',
      arm: 'dft',
      than: 'otr',
      by: -0.02,
      direction: 'higher',
    },
    {
      says: 'draws at temperature 1.3 are better than at 1 on the trained skill',
      metric: 'sampled.M',
      arm: 'otr-warm',
      than: 'otr',
      direction: 'higher',
    },
  ],
  arms: {
    base: before,
    sft: arm('supervised', { method: 'supervised', learningRate: 3e-5 }),
    'sft-faster': arm('supervised, at the learning rate of OTR', {
      method: 'supervised',
      learningRate: 1e-4,
    }),
    early,
    otr: arm('OTR, 64 draws, β -0.1', { method: 'otr', candidates: 64, learningRate: 1e-4 }),
    'otr-warm': arm('OTR, draws at temperature 1.3', {
      method: 'otr',
      candidates: 64,
      temperature: 1.3,
      learningRate: 1e-4,
    }),
    'otr-exact': arm('OTR in expectation', { method: 'otr', estimate: 'exact', learningRate: 1e-4 }),
    'otr-zero': arm('OTR, β 0', { method: 'otr', candidates: 64, wrongReward: 0, learningRate: 1e-4 }),
    dft: arm('DFT', { method: 'dft', learningRate: 1e-4 }),
  },
  budget: {
    unit: 'worked answers',
    equality: `Each arm makes ${STEPS} gradient steps of ${BATCH} worked answers of one file, different for each seed like the base model, at the learning rate of {3e-5, 1e-4, 3e-4} that was best on the calibration seed for supervised training, and for OTR and its relatives: by the mean of sampled accuracy on the trained and on the other skills, among rates whose answers have the mark nine times in ten. Early stopping chooses among the weights of the supervised arm.`,
  },
  seeds: [1, 2, 3, 4, 5],
  calibrationSeeds: [100],
  minutes: 6,
  metrics: {
    'sampled.M': { label: 'accuracy, sampled', as: 'percent', better: 'higher' },
    'greedy.M': { label: 'accuracy, greedy', as: 'percent', better: 'higher' },
    others: { label: 'other skills, sampled', as: 'percent', better: 'higher' },
    'sampled.R': { label: 'reversal', as: 'percent', better: 'higher' },
    'sampled.L': { label: 'rotation', as: 'percent', better: 'higher' },
    'sampled.D': { label: 'successors', as: 'percent', better: 'higher' },
    styled: { label: 'answers with the mark', as: 'percent' },
  },
  plots: [
    {
      kind: 'curves',
      curve: 'accuracy',
      title: 'Sampled accuracy on the trained skill',
      x: 'steps',
      y: 'accuracy',
      arms: ['sft', 'sft-faster', 'otr', 'otr-warm', 'dft'],
    },
    { kind: 'arms', metric: 'sampled.M', title: 'Sampled accuracy on the trained skill' },
    { kind: 'arms', metric: 'others', title: 'Sampled accuracy on the other skills' },
  ],
  methods,
  bases: (seed) => [base(seed)],
  code: import.meta.url,
});
