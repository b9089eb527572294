/** BOTS' claim at CPU scale: selecting tasks by Bayesian beliefs fed with predictions wastes fewer attempts and learns faster. */
import { noisyChain } from '../../environments/index.ts';
import { bestSoFar, mean } from '../../evaluation/index.ts';
import {
  type Arm,
  type ArmContext,
  type ArmResult,
  type BaseSpec,
  type Curve,
  curveOf,
  defineReproduction,
  type FinishedRecipe,
} from '../../reproduce/index.ts';
import type { RecipeInput } from '../../training/index.ts';
import { methods } from '../index.ts';
import { measuredRates } from './references.ts';
import { chainPool, chainsOf, type Teacher } from './uneven-chains.ts';

const STEPS = 100;
const EVALUATED_EVERY = 5;
const PROMPTS = 16;
const ATTEMPTS = 8;
const POOL = 700;
const LEARNING_RATE = 3e-4;
const SAMPLING = { maxTokens: 14, temperature: 1 };
const TEACHER: Teacher = { name: 'base', skill: -1, own: 0 };
const CHAINS = chainsOf(TEACHER);

/** A model that imitates a teacher, from the beginning or from what another model can do. */
function taughtBy(teacher: Teacher, steps: number, from?: string): BaseSpec {
  const chains = chainsOf(teacher);
  const name = `uneven-chains-${teacher.name}`;
  return {
    family: name,
    recipe: {
      name,
      model: from ?? { config: { hiddenSize: 64, layers: 2, heads: 4, maxPositions: 32 } },
      environment: { name: 'noisy-chain', ...chains },
      seed: 0,
      sampling: SAMPLING,
      stages: [
        {
          method: 'supervised',
          steps,
          batchSize: 64,
          learningRate: 2e-3,
          schedule: 'cosine',
          warmupSteps: 20,
        },
      ],
      evaluation: { tasks: 100, every: 0 },
      export: 'last',
    },
    environment: () => noisyChain(chains),
  };
}

const strong = taughtBy({ name: 'strong', skill: 1.5, own: 0.5 }, 1000);

/** Examples with many errors are hard to learn from at first: the other two models begin as the strong one and take errors on. */
const baseFrom = (from: string) => taughtBy(TEACHER, 300, from);
const weakFrom = (from: string) => taughtBy({ name: 'weak', skill: -2, own: 0.5 }, 300, from);

type Stage = Record<string, unknown>;

function recipeOf(model: string, own: Stage): RecipeInput {
  return {
    name: 'bots',
    model,
    environment: { name: 'noisy-chain', ...CHAINS, pool: POOL },
    sampling: SAMPLING,
    stages: [
      {
        method: 'bots',
        steps: STEPS,
        promptsPerStep: PROMPTS,
        groupSize: ATTEMPTS,
        learningRate: LEARNING_RATE,
        ...own,
      },
    ],
    evaluation: { split: 'test', tasks: 200, samples: 2, temperature: 1, every: EVALUATED_EVERY },
    export: 'last',
    snapshots: { every: 50, keep: 1 },
    trajectories: 0,
  };
}

function figuresOf(run: FinishedRecipe): ArmResult {
  const accuracy = curveOf(run, 'eval.passAt1');
  const alike = curveOf(run, 'groups.zeroVariance');
  const effective = { x: alike.x, y: alike.y.map((share) => 1 - share) };
  const correlation =
    run.metrics.find(({ name }) => name === 'selection.predictionCorrelation')?.values ?? [];
  const fifth = STEPS / 5;
  return {
    metrics: {
      effectiveEarly: mean(effective.y.slice(0, fifth)),
      effectiveLate: mean(effective.y.slice(-fifth)),
      best25: bestSoFar(accuracy, 0.25 * STEPS),
      best50: bestSoFar(accuracy, 0.5 * STEPS),
      best100: bestSoFar(accuracy, STEPS),
      final: accuracy.y[accuracy.y.length - 1],
      sampledTokens: run.sampledTokens,
      ...(correlation.length === 0 ? {} : { correlation: mean(correlation) }),
    },
    curves: { accuracy, effective },
    spent: STEPS * PROMPTS * ATTEMPTS,
  };
}

/** Success rates of the two references on every task of the pool: measured once a seed, for all arms. */
const references: Arm = {
  title: 'the references, measured',
  budgeted: false,
  settings: { samples: 8 },
  async run({ base: baseModel, seed, signal, progress }: ArmContext) {
    const environment = chainPool(CHAINS, POOL);
    const tasks = Array.from({ length: environment.size('train') }, (_, k) => environment.task('train', k));
    const options = { environment, tasks, samples: 8, sampling: SAMPLING, seed, signal };
    const strongModel = await baseModel(strong);
    const weakModel = await baseModel(weakFrom(strongModel));
    const weakRate = await measuredRates(weakModel, options);
    progress(0.5);
    const strongRate = await measuredRates(strongModel, options);
    return {
      metrics: { weakMean: mean(weakRate), strongMean: mean(strongRate) },
      perTask: { weakRate, strongRate },
    };
  },
};

function arm(title: string, own: Stage): Arm {
  return {
    title,
    needs: ['references'],
    settings: own,
    async run({ train, base: baseModel, results }) {
      const { weakRate = [], strongRate = [] } = results.references.perTask ?? {};
      const environment = chainPool(CHAINS, POOL, (k) => ({
        weakRate: weakRate[k],
        strongRate: strongRate[k],
      }));
      const run = await train({
        recipe: recipeOf(await baseModel(baseFrom(await baseModel(strong))), own),
        environment,
      });
      run.engine.dispose();
      return figuresOf(run);
    },
  };
}

/** First evaluated step at which an accuracy is reached; one evaluation past the end where it is not. */
function stepsTo({ x, y }: Curve, accuracy: number): number {
  const at = y.findIndex((one) => one >= accuracy);
  return at < 0 ? STEPS + EVALUATED_EVERY : x[at];
}

/** Steps to the best accuracy that uniform selection reaches, as a share of the steps it takes. */
function timeToBest({ bots, random }: Readonly<Record<string, ArmResult>>): number {
  const [ours, theirs] = [bots, random].map(({ curves = {} }) => curves.accuracy);
  const best = bestSoFar(theirs, STEPS);
  return stepsTo(ours, best) / Math.max(EVALUATED_EVERY, stepsTo(theirs, best));
}

const higher = (says: string, metric: string, than: string, by = 0) =>
  ({ says, metric, arm: 'bots', than, by, direction: 'higher' }) as const;

export const reproduction = defineReproduction({
  paper: 43,
  name: 'bots',
  title: 'BOTS: Bayesian online task selection',
  claim:
    'with implicit evidence, tasks that still teach are found from the start, which attempts alone do not give; with forgetting they are still found late; and held-out accuracy rises in fewer steps than with uniform selection.',
  criteria: [
    higher(
      'early on, the share of effective tasks exceeds that without implicit evidence by 0.1',
      'effectiveEarly',
      'no-implicit',
      0.1,
    ),
    {
      says: 'without implicit evidence it is at most 0.1 above that of uniform selection',
      metric: 'effectiveEarly',
      arm: 'no-implicit',
      than: 'random',
      by: -0.1,
      direction: 'lower',
    },
    {
      says: 'and at most 0.1 below it',
      metric: 'effectiveEarly',
      arm: 'no-implicit',
      than: 'random',
      by: -0.1,
      direction: 'higher',
    },
    higher('late, it is above that without forgetting', 'effectiveLate', 'no-forgetting'),
    higher('and above that of remembering the latest step only', 'effectiveLate', 'all-forgetting'),
    {
      says: 'the best accuracy of uniform selection is reached in fewer steps',
      name: 'steps to the best accuracy of uniform selection, as a share of its own',
      arms: ['bots', 'random'],
      value: timeToBest,
      direction: 'lower',
      than: 1,
    },
    {
      says: 'after half of the steps the best accuracy so far is above that of uniform selection',
      metric: 'best50',
      arm: 'bots',
      than: 'random',
      factor: 1,
      direction: 'higher',
    },
  ],
  alsoMeasured: [
    higher('late, BOTS selects better than with predictions alone', 'effectiveLate', 'all-implicit'),
    higher('at the end BOTS is more accurate than uniform selection', 'best100', 'random'),
    higher('and more accurate than with the easiest tasks first', 'best100', 'easiest-first'),
  ],
  arms: {
    references,
    random: arm('uniform selection', { selection: 'uniform' }),
    'easiest-first': arm('easiest first', { selection: 'easiest-first' }),
    bots: arm('BOTS', {}),
    'no-implicit': arm('BOTS without implicit evidence', { implicitWeight: 0 }),
    'all-implicit': arm('BOTS with predictions that count as attempts', { implicitWeight: 1 }),
    'no-forgetting': arm('BOTS without forgetting', { forgetting: 0 }),
    'all-forgetting': arm('BOTS that remembers the latest step only', { forgetting: 1 }),
  },
  budget: {
    unit: 'attempts',
    equality: `Each arm takes ${STEPS} steps of ${PROMPTS} tasks with ${ATTEMPTS} attempts each. Measuring the references is not counted, as in the paper.`,
  },
  seeds: [1, 2, 3, 4, 5],
  calibrationSeeds: [0],
  minutes: 8,
  metrics: {
    effectiveEarly: { label: 'effective tasks, first fifth', as: 'percent', better: 'higher' },
    effectiveLate: { label: 'effective tasks, last fifth', as: 'percent', better: 'higher' },
    best25: { label: 'best accuracy after a quarter', as: 'percent', better: 'higher' },
    best50: { label: 'best accuracy after half', as: 'percent', better: 'higher' },
    best100: { label: 'best accuracy', as: 'percent', better: 'higher' },
    final: { label: 'accuracy at the end', as: 'percent', better: 'higher' },
    correlation: { label: 'correlation of predicted and observed rates', as: 'number', better: 'higher' },
    sampledTokens: { label: 'tokens sampled', as: 'number' },
    weakMean: { label: 'mean rate of the weak reference', as: 'percent' },
    strongMean: { label: 'mean rate of the strong reference', as: 'percent' },
  },
  plots: [
    {
      kind: 'curves',
      curve: 'effective',
      title: 'Share of selected tasks with both right and wrong attempts',
      x: 'steps',
      y: 'effective tasks',
      arms: ['random', 'bots', 'no-implicit', 'no-forgetting', 'all-forgetting'],
    },
    {
      kind: 'curves',
      curve: 'accuracy',
      title: 'Accuracy of one sample on held-out chains',
      x: 'steps',
      y: 'accuracy',
      arms: ['random', 'easiest-first', 'no-implicit', 'bots'],
    },
  ],
  published: {
    columns: ['model and data', 'steps to the best of random selection, as a share of its own'],
    rows: [
      ['Qwen2.5-1.5B-Instruct, mathematics', '0.72 (0.64 with ρ = 0.05)'],
      ['Qwen2.5-7B, logic', '0.50'],
    ],
    note: 'Pools of tens of thousands of tasks; lower is faster.',
  },
  methods,
  bases: () => [strong],
  code: import.meta.url,
});
