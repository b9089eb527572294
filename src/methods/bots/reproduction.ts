/** BOTS' claim at CPU scale: selecting tasks by Bayesian beliefs fed with predictions wastes fewer attempts and learns faster. */
import {
  type Arm,
  type ArmContext,
  type ArmResult,
  type BaseSpec,
  type Curve,
  defineReproduction,
  type FinishedRecipe,
} from '../../reproduce/index.ts';
import type { RecipeInput } from '../../training/index.ts';
import { methods } from '../index.ts';
import { measuredRates } from './references.ts';
import { sumPool, weightedSums } from './reversed-addition.ts';

const STEPS = 250;
const EVALUATED_EVERY = 10;
const PROMPTS = 16;
const ATTEMPTS = 8;
const SAMPLING = { maxTokens: 10, temperature: 1 };
const POOL = { perLength: { train: 250, validation: 20, test: 50 }, digits: 6, seed: 0 };
const SKEWED = [8, 6, 4, 2, 1, 0.5];
const EVEN = [1, 1, 1, 1, 1, 1];

/** A model trained on sums of these lengths for so many steps of 64. The constant rate makes shorter trainings the beginning of longer ones. */
function trainedOn(name: string, weights: readonly number[], steps: number): BaseSpec {
  return {
    family: `reversed-addition-${name}`,
    recipe: {
      name: `reversed-addition-${name}`,
      model: { config: { hiddenSize: 96, layers: 4, heads: 4, maxPositions: 24 } },
      environment: { name: 'reversed-addition', weights: [...weights], seed: 0 },
      seed: 0,
      sampling: SAMPLING,
      stages: [{ method: 'supervised', steps, batchSize: 64, learningRate: 1e-3, warmupSteps: 50 }],
      evaluation: { tasks: 300, every: 0 },
      export: 'last',
    },
    environment: () => weightedSums({ weights, seed: 0 }),
  };
}

const base = trainedOn('base', SKEWED, 1400);
const weak = trainedOn('weak', SKEWED, 840);
const strong = trainedOn('strong', EVEN, 2800);

type Stage = Record<string, unknown>;

function recipeOf(model: string, own: Stage): RecipeInput {
  return {
    name: 'bots',
    model,
    environment: { name: 'reversed-addition-pool', ...POOL },
    sampling: SAMPLING,
    stages: [
      {
        method: 'bots',
        steps: STEPS,
        promptsPerStep: PROMPTS,
        groupSize: ATTEMPTS,
        learningRate: 3e-4,
        ...own,
      },
    ],
    evaluation: { split: 'test', tasks: 300, samples: 2, temperature: 1, every: EVALUATED_EVERY },
    export: 'last',
    snapshots: { every: 50, keep: 1 },
    trajectories: 0,
  };
}

const average = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;

function curveOf({ metrics }: FinishedRecipe, name: string): Curve {
  const series = metrics.find((one) => one.name === name);
  if (series === undefined || series.values.length === 0) throw new Error(`the run recorded no ${name}`);
  return { x: series.steps, y: series.values };
}

/** The best accuracy seen up to a share of the steps. */
function bestSoFar({ x, y }: Curve, share: number): number {
  return Math.max(...y.filter((_, i) => x[i] <= share * STEPS));
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
      effectiveEarly: average(effective.y.slice(0, fifth)),
      effectiveLate: average(effective.y.slice(-fifth)),
      best25: bestSoFar(accuracy, 0.25),
      best50: bestSoFar(accuracy, 0.5),
      best100: bestSoFar(accuracy, 1),
      final: accuracy.y[accuracy.y.length - 1],
      sampledTokens: run.sampledTokens,
      ...(correlation.length === 0 ? {} : { correlation: average(correlation) }),
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
    const environment = sumPool(POOL);
    const tasks = Array.from({ length: environment.size('train') }, (_, k) => environment.task('train', k));
    const options = { environment, tasks, samples: 8, sampling: SAMPLING, seed, signal };
    const [weakModel, strongModel] = [await baseModel(weak), await baseModel(strong)];
    const weakRate = await measuredRates(weakModel, options);
    progress(0.5);
    const strongRate = await measuredRates(strongModel, options);
    return {
      metrics: { weakMean: average(weakRate), strongMean: average(strongRate) },
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
      const environment = sumPool(POOL, (k) => ({ weakRate: weakRate[k], strongRate: strongRate[k] }));
      const run = await train({ recipe: recipeOf(await baseModel(base), own), environment });
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
  const best = bestSoFar(theirs, 1);
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
    higher('Thompson sampling is better late than greedy choice', 'effectiveLate', 'greedy'),
  ],
  arms: {
    references,
    random: arm('uniform selection', { selection: 'uniform' }),
    'easiest-first': arm('easiest first', { selection: 'easiest-first' }),
    mopps: arm('like MoPPS: attempts only, nothing forgotten', { implicitWeight: 0, forgetting: 0 }),
    dots: arm('like DOTS: predictions, latest step only, greedy', {
      implicitWeight: 1,
      forgetting: 1,
      choose: 'greedy',
    }),
    bots: arm('BOTS', {}),
    'no-implicit': arm('BOTS without implicit evidence', { implicitWeight: 0 }),
    'all-implicit': arm('BOTS with predictions that count as attempts', { implicitWeight: 1 }),
    'no-forgetting': arm('BOTS without forgetting', { forgetting: 0 }),
    'all-forgetting': arm('BOTS that remembers the latest step only', { forgetting: 1 }),
    greedy: arm('BOTS with greedy choice', { choose: 'greedy' }),
  },
  budget: {
    unit: 'attempts',
    equality: `Each arm takes ${STEPS} steps of ${PROMPTS} tasks with ${ATTEMPTS} attempts each. Measuring the references is not counted, as in the paper.`,
  },
  seeds: [1, 2, 3, 4, 5],
  calibrationSeeds: [0],
  minutes: 35,
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
      title: 'Accuracy of one sample on held-out sums',
      x: 'steps',
      y: 'accuracy',
      arms: ['random', 'easiest-first', 'mopps', 'dots', 'bots'],
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
  bases: () => [base, weak, strong],
  code: import.meta.url,
});
