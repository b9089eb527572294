/** InT at CPU scale: does learning one-step corrections first make reinforcement on hard tasks work better? */
import { withFewTasks } from '../../environments/index.ts';
import {
  type Arm,
  type ArmResult,
  type BaseSpec,
  defineReproduction,
  type FinishedRecipe,
} from '../../reproduce/index.ts';
import { methodTable, type RecipeInput } from '../../training/index.ts';
import type { Environment } from '../../types/index.ts';
import { grpo } from '../grpo/method.ts';
import { supervised } from '../supervised/method.ts';
import {
  CHECK_PATTERN,
  CHECK_PROMPT,
  type CheckedChainOptions,
  checkedChain,
  STEP_END,
} from './checked-chain.ts';
import { int } from './method.ts';

const methods = methodTable([supervised, grpo, int]);

const NOISE = { misconceptions: 30, misconceived: 0.9, slips: 0.05, seed: 0 };
const PRETRAINING: CheckedChainOptions = {
  ...NOISE,
  steps: [5, 5],
  checks: 0.5,
  least: 0,
  worked: 'noisy',
  validationSize: 200,
  testSize: 200,
};
/** Hard chains: the right way meets two misconceptions or more. Their worked ways are references. */
const PRACTICE: CheckedChainOptions = { ...PRETRAINING, checks: 0, least: 2, worked: 'reference' };
const TASKS = 200;
const GROUPS = { promptsPerStep: 16, groupSize: 8 };
/** Tokens of a completion: five steps, the mark, three digits and the end, and what a wordy model adds. */
const SAMPLING = { maxTokens: 11, temperature: 1 };

/** Options of an environment as the recipe tells them, which decide the base model's name. */
const named = (options: CheckedChainOptions) => ({
  ...options,
  name: 'checked-chain',
  steps: [...options.steps],
});

const base: BaseSpec = {
  family: 'checked-chain',
  recipe: {
    name: 'checked-chain-base',
    model: { config: { hiddenSize: 64, intermediateSize: 192, layers: 3, heads: 4, maxPositions: 48 } },
    environment: named(PRETRAINING),
    seed: 0,
    sampling: SAMPLING,
    stages: [
      {
        method: 'supervised',
        steps: 2200,
        batchSize: 64,
        learningRate: 3e-3,
        schedule: 'cosine',
        warmupSteps: 50,
        floor: 0.05,
      },
    ],
    evaluation: { tasks: 200, every: 0 },
    snapshots: { every: 500, keep: 1 },
    export: 'last',
  },
  environment: () => checkedChain(PRETRAINING) as Environment,
};

/** The first so many practice tasks of a seed, again and again; held-out ones are the same for all seeds. */
function practice(seed: number, worked: CheckedChainOptions['worked']): Environment {
  const heldOut = checkedChain(PRACTICE) as Environment;
  const training = withFewTasks(
    checkedChain({ ...PRACTICE, worked, seed: 1000 + seed }) as Environment,
    TASKS,
  );
  return {
    ...training,
    size: (split) => (split === 'train' ? training : heldOut).size(split),
    task: (split, index) => (split === 'train' ? training : heldOut).task(split, index),
  };
}

type Stage = RecipeInput['stages'][number];

const STEPS = 40;
const RL: Stage = { method: 'grpo', ...GROUPS, normalise: 'none', learningRate: 5e-4 };
const INT: Stage = {
  method: 'int',
  steps: 1,
  promptsPerStep: TASKS,
  groupSize: 16,
  attempts: 4,
  separator: STEP_END,
  proposals: 2,
  proposal: { prompt: CHECK_PROMPT, pattern: CHECK_PATTERN, maxTokens: 3 },
  continuations: 8,
  batchSize: 32,
  updateEpochs: 4,
  learningRate: 1e-3,
};
const SFT: Stage = {
  method: 'supervised',
  epochs: 4,
  batchSize: 32,
  learningRate: 1e-3,
};

/** A metric over steps; empty where the run has none. */
const valuesOf = ({ metrics }: FinishedRecipe, name: string) => {
  const series = metrics.find((one) => one.name === name);
  return { x: series?.steps ?? [], y: series?.values ?? [] };
};
const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);

/** Figures of an arm whose last `reinforced` steps were reinforcement. */
function figuresOf(run: FinishedRecipe, reinforced: number): ArmResult {
  const accuracy = valuesOf(run, 'eval.passAt1');
  const coverage = valuesOf(run, 'eval.passAt8').y;
  const before = run.summary.steps - reinforced;
  const found = valuesOf(run, 'reward.passAt8');
  const early = found.y.filter((_, i) => found.x[i] > before && found.x[i] <= before + 20);
  const nll = valuesOf(run, 'examples.nll').y[0] ?? valuesOf(run, 'nll').y[0];
  return {
    metrics: {
      passAt1: accuracy.y[accuracy.y.length - 1],
      passAt8: coverage[coverage.length - 1],
      beforeRl: accuracy.y[accuracy.x.findLastIndex((step) => step <= before)],
      ...(early.length > 0 ? { zeroGroups: 1 - sum(early) / early.length } : {}),
      ...(nll === undefined ? {} : { nll }),
      sampledTokens: run.sampledTokens + sum(valuesOf(run, 'tokens.forced').y),
    },
    spent: reinforced * GROUPS.promptsPerStep * GROUPS.groupSize,
  };
}

interface ArmOptions {
  /** Steps of reinforcement after the first stages; none: the arm says what imitation alone does. */
  reinforced?: number;
  worked?: CheckedChainOptions['worked'];
}

function arm(title: string, first: readonly Stage[], options: ArmOptions = {}): Arm {
  const { reinforced = STEPS, worked = 'reference' } = options;
  const budgeted = reinforced === STEPS;
  const stages = reinforced > 0 ? [...first, { ...RL, steps: reinforced }] : [...first];
  return {
    title,
    budgeted,
    settings: { stages },
    async run(context) {
      const run = await context.train({
        recipe: {
          name: 'checked-chain',
          model: await context.base(base),
          environment: { ...named({ ...PRACTICE, worked }), seed: 1000 + context.seed },
          sampling: SAMPLING,
          stages,
          evaluation: { split: 'test', tasks: 200, samples: 8, temperature: 1, every: 0 },
          snapshots: { every: 20, keep: 1 },
          export: 'last',
          trajectories: 0,
        },
        environment: practice(context.seed, worked),
      });
      run.engine.dispose();
      return figuresOf(run, reinforced);
    },
  };
}

export const reproduction = defineReproduction({
  paper: 33,
  name: 'int',
  title: "InT: corrections of one's own failed attempts, before reinforcement",
  claim:
    'fine-tuning on one-step corrections that the model proposes for its own failed attempts, given reference solutions, makes reinforcement on hard tasks start from fewer groups without any success and end at a higher accuracy than reinforcement of the base model, or of one fine-tuned on the reference solutions.',
  criteria: [
    {
      says: 'after equal reinforcement, held-out accuracy is higher with InT before it than with nothing',
      metric: 'passAt1',
      arm: 'int',
      than: 'rl',
      direction: 'higher',
    },
    {
      says: 'and than with fine-tuning on the references',
      metric: 'passAt1',
      arm: 'int',
      than: 'reference',
      direction: 'higher',
    },
    {
      says: 'fewer groups of the first 20 steps are without a success',
      metric: 'zeroGroups',
      arm: 'int',
      than: 'rl',
      direction: 'lower',
    },
    {
      says: 'what InT learns is nearer to what the base model says than the references are',
      metric: 'nll',
      arm: 'int',
      than: 'reference',
      direction: 'lower',
    },
  ],
  alsoMeasured: [
    {
      says: 'InT is ahead of reinforcement alone that goes on until it has sampled about as many tokens',
      metric: 'passAt1',
      arm: 'int',
      than: 'rl-longer',
      direction: 'higher',
    },
    {
      says: "InT is ahead of fine-tuning on right ways in the model's own notation, which it was not given",
      metric: 'passAt1',
      arm: 'int',
      than: 'own',
      direction: 'higher',
    },
    {
      says: 'what InT learns is nearer to what the base model says than those are',
      metric: 'nll',
      arm: 'int',
      than: 'own',
      direction: 'lower',
    },
    {
      says: 'before reinforcement: a right continuation learned as well covers fewer tasks',
      metric: 'passAt8',
      arm: 'int-only',
      than: 'int-suffix',
      direction: 'higher',
    },
    {
      says: 'before reinforcement: corrections alone, prefix masked, cover fewer tasks',
      metric: 'passAt8',
      arm: 'int-only',
      than: 'int-masked',
      direction: 'higher',
    },
    {
      says: 'before reinforcement: unfiltered corrections are less accurate',
      metric: 'passAt1',
      arm: 'int-only',
      than: 'int-unfiltered',
      direction: 'higher',
    },
  ],
  arms: {
    rl: arm('reinforcement alone', []),
    'rl-longer': arm('reinforcement alone, until it has sampled about as many tokens', [], {
      reinforced: 2.8 * STEPS,
    }),
    reference: arm('fine-tuning on references, then reinforcement', [SFT]),
    own: arm("fine-tuning on right ways in the model's own notation, then reinforcement", [SFT], {
      worked: 'right',
    }),
    int: arm('InT, then reinforcement', [INT]),
    'int-only': arm('InT alone', [INT], { reinforced: 0 }),
    'int-suffix': arm('InT alone, a right continuation learned as well', [{ ...INT, suffix: true }], {
      reinforced: 0,
    }),
    'int-masked': arm('InT alone, prefix masked', [{ ...INT, prefix: 'mask' }], { reinforced: 0 }),
    'int-unfiltered': arm('InT alone, unfiltered', [{ ...INT, filter: false }], { reinforced: 0 }),
  },
  budget: {
    unit: 'rollouts',
    equality:
      'Equal steps of reinforcement; what each arm samples before them is in the column of sampled tokens.',
  },
  seeds: [1, 2, 3, 4, 5],
  calibrationSeeds: [100, 101],
  minutes: 7,
  metrics: {
    passAt1: { label: 'accuracy on held-out hard chains', as: 'percent', better: 'higher' },
    passAt8: { label: 'right among eight attempts', as: 'percent', better: 'higher' },
    beforeRl: { label: 'accuracy before reinforcement', as: 'percent', better: 'higher' },
    zeroGroups: { label: 'groups without a success, first 20 steps', as: 'percent', better: 'lower' },
    nll: { label: 'surprise of what is imitated, nats a token', as: 'number', better: 'lower' },
    sampledTokens: { label: 'tokens sampled', as: 'number' },
  },
  plots: [
    { kind: 'arms', metric: 'passAt1', title: 'Accuracy on held-out hard chains' },
    { kind: 'arms', metric: 'zeroGroups', title: 'Groups without a success' },
  ],
  methods,
  bases: () => [base],
  code: import.meta.url,
});
