/** RISE at CPU scale: do models learn to use failed attempts, so that attempts in turns beat as many side by side? */
import type { FrozenEngine } from '../../engine/index.ts';
import {
  type Arm,
  type ArmContext,
  type ArmResult,
  type BaseSpec,
  defineReproduction,
} from '../../reproduce/index.ts';
import type { Tokenizer } from '../../text/index.ts';
import { methodTable, type RecipeInput, startingModel } from '../../training/index.ts';
import type { Environment } from '../../types/index.ts';
import { star } from '../mrt/star.ts';
import { supervised } from '../supervised/method.ts';
import { type HiddenShiftOptions, hiddenShift, RETRY, withEveryShift } from './hidden-shift.ts';
import { measureTurns } from './measure.ts';
import { rise } from './method.ts';

const methods = methodTable([supervised, star, rise]);

const PROBLEMS: HiddenShiftOptions = {
  digits: 2,
  shifts: 4,
  attempts: 4,
  repeats: 0.5,
  worked: 'guesses',
  seed: 0,
  validationSize: 20,
  testSize: 20,
};
/** Tokens of an attempt: the letter, the digits and the end. */
const MAX_TOKENS = 4;
/** Attempts of a conversation, one for each shift, and earlier ones that a model sees. */
const TURNS = 4;
const WINDOW = TURNS - 1;
/** Conversations about each held-out problem with each of its possible hidden numbers. */
const REPEATS = 16;

/** Options of the environment as the recipe tells them, which decide the base model's name. */
const named = (options: HiddenShiftOptions) => ({ ...options, name: 'hidden-shift' });

const base: BaseSpec = {
  family: 'hidden-shift',
  recipe: {
    name: 'hidden-shift-base',
    model: { config: { hiddenSize: 48, intermediateSize: 128, layers: 2, heads: 3, maxPositions: 64 } },
    environment: named(PROBLEMS),
    seed: 0,
    sampling: { maxTokens: MAX_TOKENS },
    stages: [
      {
        method: 'supervised',
        steps: 1000,
        batchSize: 64,
        learningRate: 3e-3,
        schedule: 'cosine',
        warmupSteps: 50,
        floor: 0.05,
      },
    ],
    evaluation: { tasks: 20, every: 0 },
    snapshots: { every: 400, keep: 1 },
    export: 'last',
  },
  environment: () => hiddenShift(PROBLEMS) as Environment,
};

/** Turns with true feedback, and as many first attempts, at the held-out problems. */
async function measured(
  { seed, signal }: ArmContext,
  { engine, tokenizer }: { engine: FrozenEngine; tokenizer: Tokenizer },
): Promise<ArmResult> {
  const environment = hiddenShift(PROBLEMS);
  const problems = Array.from({ length: environment.size('test') }, (_, i) => environment.task('test', i));
  const tasks = problems.flatMap((task) => withEveryShift(task, PROBLEMS.shifts));
  const { first, anySequential, anyParallel, accuracy } = await measureTurns({
    engine,
    tokenizer,
    grader: environment.grader,
    tasks: tasks.flatMap((task) => Array<(typeof tasks)[number]>(REPEATS).fill(task)),
    turns: TURNS,
    untilRight: true,
    window: WINDOW,
    feedback: RETRY,
    maxTokens: MAX_TOKENS,
    sampling: {},
    seed,
    path: ['measure'],
    signal,
  });
  return {
    metrics: { first, anySequential, anyParallel, last: accuracy[accuracy.length - 1] },
    curves: { accuracy: { x: accuracy.map((_, turn) => turn + 1), y: accuracy } },
  };
}

type Stage = RecipeInput['stages'][number];

/** Practice draws problems that the base's seed did not. */
function trained(title: string, stage: Stage, { budgeted = true, taught = false } = {}): Arm {
  return {
    title,
    budgeted,
    settings: stage,
    async run(context) {
      const worked = taught ? 'right' : 'guesses';
      const options: HiddenShiftOptions = { ...PROBLEMS, worked, seed: 1000 + context.seed };
      const finished = await context.train({
        recipe: {
          name: 'hidden-shift',
          model: await context.base(base),
          environment: named(options),
          sampling: { maxTokens: MAX_TOKENS, temperature: 1 },
          stages: [stage],
          evaluation: { tasks: 20, every: 0 },
          snapshots: { every: 1, keep: 1 },
          export: 'last',
          trajectories: 0,
        },
        environment: hiddenShift(options) as Environment,
      });
      try {
        const result = await measured(context, finished);
        const tokens = finished.metrics.find(({ name }) => name === 'tokens.trained')?.values ?? [];
        result.metrics.trainedTokens = tokens.reduce((a, b) => a + b, 0);
        return { ...result, spent: finished.sampledTokens };
      } finally {
        finished.engine.dispose();
      }
    },
  };
}

const RISE: Stage = {
  method: 'rise',
  steps: 2,
  promptsPerStep: 2048,
  turns: WINDOW,
  startTurns: WINDOW,
  window: WINDOW,
  feedback: RETRY,
  samples: 8,
  centre: 'none',
  rewardTemperature: 0.4,
  batchSize: 16,
  updateEpochs: 3,
  learningRate: 1e-3,
};

const STAR: Stage = {
  method: 'star',
  steps: 2,
  promptsPerStep: 2048,
  groupSize: 6,
  batchSize: 16,
  updateEpochs: 3,
  learningRate: 1e-3,
};

const untrained: Arm = {
  title: 'the base model',
  budgeted: false,
  async run(context) {
    const started = await startingModel({ model: await context.base(base), seed: context.seed }, []);
    try {
      return await measured(context, started);
    } finally {
      started.engine.dispose();
    }
  },
};

/** How much more often attempts in turns hit than as many first attempts of the same model. */
const turnsOverSide =
  (arm: string) =>
  (results: Readonly<Record<string, ArmResult>>): number =>
    results[arm].metrics.anySequential - results[arm].metrics.anyParallel;

export const reproduction = defineReproduction({
  paper: 22,
  name: 'rise',
  title: 'RISE: teaching a model to improve over turns',
  claim:
    'fine-tuning on multi-turn rollouts, with a better attempt at the last state and regression weighted by reward, makes a model improve over its turns, so that turns beat as many attempts side by side, which neither the base model nor fine-tuning on single turns achieves; first attempts get no worse.',
  criteria: [
    {
      says: 'four turns of the RISE model hit more often than four first attempts of it',
      name: 'hits in turns less hits side by side',
      arms: ['rise'],
      value: turnsOverSide('rise'),
      direction: 'higher',
      than: 0,
    },
    {
      says: 'its four turns hit more often than those of the base model',
      metric: 'anySequential',
      arm: 'rise',
      than: 'base',
      direction: 'higher',
    },
    {
      says: 'and than those of a model fine-tuned on right single turns, for which as much was sampled',
      metric: 'anySequential',
      arm: 'rise',
      than: 'star',
      direction: 'higher',
    },
    {
      says: 'its first attempts are at most 0.02 worse than those of the base model',
      metric: 'first',
      arm: 'rise',
      than: 'base',
      by: -0.02,
      direction: 'higher',
    },
  ],
  alsoMeasured: [
    {
      says: 'its four turns hit in at least 0.85 of the conversations; guesses made independently would in 0.68',
      metric: 'anySequential',
      arm: 'rise',
      direction: 'higher',
      than: 0.85,
    },
    {
      says: 'the model fine-tuned on single turns hits more often in turns than side by side',
      name: 'hits in turns less hits side by side, single turns',
      arms: ['star'],
      value: turnsOverSide('star'),
      direction: 'higher',
      than: 0,
    },
    {
      says: 'the second iteration adds to the first',
      metric: 'anySequential',
      arm: 'rise',
      than: 'rise-one',
      direction: 'higher',
    },
    {
      says: 'failed attempts, learned with small weights, help',
      metric: 'anySequential',
      arm: 'rise',
      than: 'rise-success',
      direction: 'higher',
    },
    {
      says: 'worked attempts in place of the best of eight are better',
      metric: 'anySequential',
      arm: 'rise-worked',
      than: 'rise',
      direction: 'higher',
    },
  ],
  arms: {
    base: untrained,
    star: trained('fine-tuning on right single turns (STaR)', STAR),
    rise: trained('RISE, two iterations', RISE),
    'rise-one': trained('RISE, one iteration', { ...RISE, steps: 1 }, { budgeted: false }),
    'rise-success': trained('RISE, right attempts only', { ...RISE, keep: 'success' }),
    'rise-worked': trained(
      'RISE, worked attempts in place of the best of eight',
      { ...RISE, improvement: 'worked' },
      { budgeted: false, taught: true },
    ),
  },
  budget: {
    unit: 'tokens',
    equality:
      'Tokens sampled in two iterations over 2048 problems each. Conversations that end early make RISE sample a little less.',
    tolerance: 0.15,
  },
  seeds: [1, 2, 3, 4, 5],
  calibrationSeeds: [100, 101],
  minutes: 6,
  metrics: {
    first: { label: 'first attempt', as: 'percent', better: 'higher' },
    anySequential: { label: 'right within four turns', as: 'percent', better: 'higher' },
    anyParallel: { label: 'right among four first attempts', as: 'percent', better: 'higher' },
    last: { label: 'fourth turn, where it was reached', as: 'percent', better: 'higher' },
    trainedTokens: { label: 'tokens trained on', as: 'number' },
  },
  plots: [
    {
      kind: 'curves',
      curve: 'accuracy',
      title: 'Accuracy of each turn, where it was reached',
      x: 'turn',
      y: 'accuracy',
    },
    { kind: 'arms', metric: 'anySequential', title: 'Right within four turns' },
  ],
  published: {
    columns: ['model and tasks', 'five first attempts', 'five turns'],
    rows: [
      ['Llama2-7B, RISE, second iteration, GSM8K', '51.0', '55.0'],
      ['Mistral-7B, RISE, first iteration, GSM8K', '50.6', '59.2'],
      ['Mistral-7B, RISE, first iteration, MATH', '9.5', '18.4'],
    ],
    note: 'Majority votes without an oracle over five turns, and over five first attempts, of models some hundred thousand times as large.',
  },
  methods,
  bases: () => [base],
  code: import.meta.url,
});
