/** TAROT's claim at CPU scale: weak models gain more from easy tests first, strong ones from hard tests first. */
import { type ListProgramsOptions, listPrograms } from '../../environments/index.ts';
import { meanHeight } from '../../evaluation/index.ts';
import {
  type Arm,
  type ArmResult,
  type BaseSpec,
  curveOf,
  defineReproduction,
  type FinishedRecipe,
} from '../../reproduce/index.ts';
import { evaluate, type RecipeInput, startingModel } from '../../training/index.ts';
import { methods } from '../index.ts';
import { type PolicyName, policyFor } from './portfolio.ts';

const STEPS = 120;
const PROMPTS = 16;
const ATTEMPTS = 8;
const SAMPLING = { maxTokens: 10, temperature: 1 };
const HELD_OUT = { validationSize: 100, testSize: 120 };

/** How the two models learned: the weak one from examples that forget most of what harder tests ask for and err in one word of five. */
const CAPABILITIES = {
  weak: { forget: 0.6, noise: 0.2 },
  strong: { forget: 0.25, noise: 0 },
} as const;

type Capability = keyof typeof CAPABILITIES;

const tasksOf = (options: ListProgramsOptions) => listPrograms({ ...HELD_OUT, ...options });

/** One model of each capability, for all arms and seeds. */
function modelOf(capability: Capability): BaseSpec {
  const options = { ...CAPABILITIES[capability], seed: 0 };
  return {
    family: `list-programs-${capability}`,
    recipe: {
      name: `list-programs-${capability}`,
      model: { config: { hiddenSize: 48, layers: 2, heads: 2, maxPositions: 32 } },
      environment: { name: 'list-programs', ...HELD_OUT, ...options },
      seed: 0,
      sampling: SAMPLING,
      stages: [
        {
          method: 'supervised',
          steps: 300,
          batchSize: 64,
          learningRate: 3e-3,
          schedule: 'cosine',
          warmupSteps: 20,
        },
      ],
      evaluation: { tasks: 1, every: 0 },
      export: 'last',
    },
    environment: () => tasksOf(options),
  };
}

/** The same for every arm. */
const SHARED = {
  steps: STEPS,
  promptsPerStep: PROMPTS,
  groupSize: ATTEMPTS,
  passPrompts: STEPS * PROMPTS,
  learningRate: 3e-4,
};

function recipeOf(model: string, seed: number, policy: string): RecipeInput {
  return {
    name: 'list-programs',
    model,
    environment: { name: 'list-programs', ...HELD_OUT, seed },
    sampling: SAMPLING,
    stages: [{ method: 'tarot', ...SHARED, policy }],
    evaluation: { split: 'test', tasks: 120, samples: 4, temperature: 1, every: STEPS / 5 },
    export: 'last',
    trajectories: 0,
  };
}

const last = (ys: readonly number[]) => ys[ys.length - 1];
const average = (ys: readonly number[]) => ys.reduce((a, b) => a + b, 0) / ys.length;

function figuresOf(run: FinishedRecipe): ArmResult {
  const accuracy = curveOf(run, 'eval.passAt1');
  const part = (name: string) => last(curveOf(run, `eval.parts.${name}`).y);
  return {
    metrics: {
      accuracy: last(accuracy.y),
      area: meanHeight(accuracy),
      basic: part('basic'),
      high: part('high'),
      gap: part('basic') - part('edge'),
      flatEarly: average(curveOf(run, 'tiers.flatGroups').y.slice(0, STEPS / 5)),
      sampledTokens: run.sampledTokens,
    },
    curves: { accuracy },
    spent: STEPS * PROMPTS * ATTEMPTS,
  };
}

function arm(title: string, capability: Capability, policy: string): Arm {
  return {
    title: `${capability}: ${title}`,
    settings: { ...SHARED, policy, ...CAPABILITIES[capability] },
    async run({ train, base, seed }) {
      const run = await train({ recipe: recipeOf(await base(modelOf(capability)), seed, policy) });
      run.engine.dispose();
      return figuresOf(run);
    },
  };
}

/** What `by-capability` sees of a model before it is trained: greedy answers to validation tasks. */
function untrained(capability: Capability): Arm {
  return {
    title: `${capability}: before`,
    budgeted: false,
    settings: CAPABILITIES[capability],
    async run({ base, seed, signal }) {
      const environment = tasksOf({ seed });
      const model = await startingModel(
        { model: await base(modelOf(capability)), seed },
        environment.symbols,
      );
      const shared = { ...model, environment, seed, signal };
      try {
        const sampled = await evaluate({
          ...shared,
          split: 'test',
          tasks: 120,
          samples: 4,
          sampling: SAMPLING,
        });
        const greedy = await evaluate({
          ...shared,
          split: 'validation',
          tasks: 100,
          sampling: { ...SAMPLING, temperature: 0 },
        });
        const { basic, high, edge } = sampled.summary.parts;
        return {
          metrics: {
            accuracy: sampled.summary.passAt1.estimate,
            basic,
            high,
            gap: basic - edge,
            capability: greedy.summary.passAt1.estimate,
          },
        };
      } finally {
        model.engine.dispose();
      }
    },
  };
}

const POLICIES: Readonly<Record<string, string>> = {
  'pass-all': 'one reward for all tests',
  average: 'all tests from the start',
  'var-asce-normal': 'easy to hard',
  'var-asce-rev': 'hard first',
};

const armsOf = (capability: Capability) =>
  Object.entries(POLICIES).map(
    ([policy, title]) => [`${capability}-${policy}`, arm(title, capability, policy)] as const,
  );

type Results = Readonly<Record<string, ArmResult>>;

const accuracyOf = (results: Results, capability: Capability, policy: string) =>
  results[`${capability}-${policy}`].metrics.accuracy;

/** Easy to hard less hard first. */
const easyFirst = (results: Results, capability: Capability) =>
  accuracyOf(results, capability, 'var-asce-normal') - accuracyOf(results, capability, 'var-asce-rev');

/** The policy that the capability measured before training selects, less a baseline. */
const selectedLess = (capability: Capability, baseline: string) => ({
  says: `${capability}: the policy selected by capability is at most 0.02 below ${baseline}`,
  name: `accuracy of the selected policy less that of ${baseline}, ${capability}`,
  arms: [
    `${capability}-before`,
    `${capability}-${baseline}`,
    `${capability}-var-asce-normal`,
    `${capability}-var-asce-rev`,
  ],
  value(results: Results) {
    const policy: PolicyName = policyFor(results[`${capability}-before`].metrics.capability);
    return accuracyOf(results, capability, policy) - accuracyOf(results, capability, baseline);
  },
  direction: 'higher' as const,
  than: -0.02,
});

export const reproduction = defineReproduction({
  paper: 23,
  name: 'tarot',
  title: 'TAROT: curricula over tiers of tests',
  claim:
    'with tests in four tiers, a weak model ends better when easy tiers come first and a strong one when hard tiers come first; and the policy that the capability selects is as good as rewarding all tests from the start, one by one or all at once.',
  criteria: [
    {
      says: 'weak: easy to hard ends above hard first',
      metric: 'accuracy',
      arm: 'weak-var-asce-normal',
      than: 'weak-var-asce-rev',
      direction: 'higher',
    },
    {
      says: 'strong: hard first ends at most 0.02 below easy to hard',
      metric: 'accuracy',
      arm: 'strong-var-asce-rev',
      than: 'strong-var-asce-normal',
      by: -0.02,
      direction: 'higher',
    },
    {
      says: 'easy to hard gains more over hard first at the weak model than at the strong one',
      name: '(easy to hard - hard first) at the weak model less the same at the strong one',
      arms: ['weak', 'strong'].flatMap((one) => [`${one}-var-asce-normal`, `${one}-var-asce-rev`]),
      value: (results) => easyFirst(results, 'weak') - easyFirst(results, 'strong'),
      direction: 'higher',
      than: 0,
    },
    selectedLess('weak', 'pass-all'),
    selectedLess('weak', 'average'),
    selectedLess('strong', 'pass-all'),
    selectedLess('strong', 'average'),
  ],
  alsoMeasured: [
    {
      says: 'strong: hard first learns faster than easy to hard',
      metric: 'area',
      arm: 'strong-var-asce-rev',
      than: 'strong-var-asce-normal',
      direction: 'higher',
    },
    {
      says: 'weak: with hard first more groups of the first stage are flat',
      metric: 'flatEarly',
      arm: 'weak-var-asce-rev',
      than: 'weak-var-asce-normal',
      direction: 'higher',
    },
  ],
  arms: {
    'weak-before': untrained('weak'),
    'strong-before': untrained('strong'),
    ...Object.fromEntries([...armsOf('weak'), ...armsOf('strong')]),
  },
  budget: {
    unit: 'attempts',
    equality: `Each arm takes ${STEPS} steps of ${PROMPTS} tasks with ${ATTEMPTS} attempts each.`,
  },
  seeds: [1, 2, 3, 4, 5],
  calibrationSeeds: [100],
  minutes: 10,
  metrics: {
    accuracy: { label: 'all four tests pass, at the end', as: 'percent', better: 'higher' },
    area: { label: 'the same over the whole training', as: 'percent', better: 'higher' },
    basic: { label: 'basic test passes', as: 'percent', better: 'higher' },
    high: { label: 'high test passes', as: 'percent', better: 'higher' },
    gap: { label: 'basic less edge', as: 'percent', better: 'lower' },
    flatEarly: { label: 'flat groups, first fifth', as: 'percent', better: 'lower' },
    capability: { label: 'greedy answers that pass, validation', as: 'percent' },
    sampledTokens: { label: 'tokens sampled', as: 'number' },
  },
  plots: [
    {
      kind: 'curves',
      curve: 'accuracy',
      title: 'Weak model: programs that pass all four tests',
      x: 'steps',
      y: 'accuracy',
      arms: Object.keys(POLICIES).map((policy) => `weak-${policy}`),
    },
    {
      kind: 'curves',
      curve: 'accuracy',
      title: 'Strong model: programs that pass all four tests',
      x: 'steps',
      y: 'accuracy',
      arms: Object.keys(POLICIES).map((policy) => `strong-${policy}`),
    },
  ],
  methods,
  bases: () => [modelOf('weak'), modelOf('strong')],
  code: import.meta.url,
});
