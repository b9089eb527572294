/** AMFT at CPU scale: does a balance that follows held-out reward beat fixed ones, on the rule shown and on another? */
import { withFewTasks } from '../../environments/index.ts';
import type { Arm, ArmContext, ArmResult, BaseSpec, Curve, FinishedRecipe } from '../../reproduce/index.ts';
import { evaluate, type RecipeInput, type StartingModel, startingModel } from '../../training/index.ts';
import type { Environment } from '../../types/index.ts';
import { points } from './points.ts';

const SAMPLING = { maxTokens: 20, temperature: 1 };
const HELD_OUT = { validationSize: 200, testSize: 400 };
const BASICS = { rules: ['a', 'b'], content: 'basics', seed: 0, ...HELD_OUT } as const;
const PROBLEMS = { rules: ['a'], content: 'problems', ...HELD_OUT } as const;
const TASKS = 2000;
const WARM_UP = 20;
const STEPS = 100;

const base: BaseSpec = {
  family: 'points',
  recipe: {
    name: 'points-base',
    model: { config: { hiddenSize: 96, layers: 3, heads: 4, maxPositions: 40 } },
    environment: { name: 'points', ...BASICS, rules: [...BASICS.rules] },
    seed: 0,
    sampling: SAMPLING,
    stages: [
      {
        method: 'supervised',
        steps: 2000,
        batchSize: 64,
        learningRate: 2e-3,
        schedule: 'cosine',
        warmupSteps: 20,
      },
    ],
    evaluation: { tasks: 100, every: 0 },
    export: 'last',
  },
  environment: () => points({ ...BASICS, rules: [...BASICS.rules] }) as Environment,
};

async function measured(
  { seed, signal }: ArmContext,
  { engine, tokenizer }: StartingModel,
  metrics: Record<string, number> = {},
): Promise<ArmResult> {
  const accuracy = async (rules: ('a' | 'b')[], faces: boolean) => {
    const environment = points({ ...PROBLEMS, rules, faces, seed }) as Environment;
    const { summary } = await evaluate({
      engine,
      tokenizer,
      environment,
      split: 'test',
      tasks: HELD_OUT.testSize,
      samples: 2,
      sampling: SAMPLING,
      seed,
      signal,
    });
    return summary.passAt1.estimate;
  };
  return { metrics: { shown: await accuracy(['a'], false), other: await accuracy(['b'], true), ...metrics } };
}

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

const SUPERVISED = { method: 'supervised', batchSize: 16, learningRate: 3e-4 };
const REINFORCED = {
  method: 'grpo',
  promptsPerStep: 16,
  groupSize: 4,
  aggregation: 'token-mean',
  learningRate: 3e-4,
};
const MIXED = { ...REINFORCED, method: 'amft', imitationSteps: WARM_UP, steps: WARM_UP + STEPS };

type Stage = RecipeInput['stages'][number];

function curveOf({ metrics }: FinishedRecipe, name: string): Curve | undefined {
  const series = metrics.find((one) => one.name === name);
  return series && { x: series.steps, y: series.values };
}

function trained(title: string, stages: Stage[]): Arm {
  return {
    title,
    settings: { stages },
    async run(context) {
      const environment = withFewTasks(
        points({ ...PROBLEMS, rules: ['a'], seed: context.seed }),
        TASKS,
      ) as Environment;
      const recipe: RecipeInput = {
        name: 'points',
        model: await context.base(base),
        environment: { name: 'points', ...PROBLEMS, rules: ['a'] },
        sampling: SAMPLING,
        stages,
        evaluation: { split: 'test', tasks: 100, every: 0 },
        snapshots: { every: 40, keep: 1 },
        export: 'last',
        trajectories: 0,
      };
      const run = await context.train({ recipe, environment });
      try {
        const mu = curveOf(run, 'amft.mu');
        const average = mu && mu.y.slice(WARM_UP).reduce((a, b) => a + b, 0) / STEPS;
        const result = await measured(context, run, average === undefined ? {} : { mu: average });
        console.log(
          title,
          'mu',
          mu?.y
            .filter((_, i) => i % 10 === 0)
            .map((x) => x.toFixed(2))
            .join(' '),
          'meta',
          curveOf(run, 'amft.meta')
            ?.y.map((x) => x.toFixed(2))
            .join(' '),
          'cos',
          curveOf(run, 'amft.cosine')
            ?.y.map((x) => x.toFixed(2))
            .join(' '),
          'ent',
          curveOf(run, 'amft.entropy')
            ?.y.filter((_, i) => i % 20 === 0)
            .map((x) => x.toFixed(2))
            .join(' '),
          curveOf(run, 'amft.targetEntropy')?.y[0],
          'share',
          curveOf(run, 'amft.imitationShare')?.y.slice(0, 3),
        );
        return { ...result, curves: mu && { mu }, spent: WARM_UP + STEPS };
      } finally {
        run.engine.dispose();
      }
    },
  };
}

const fixed = (mu: number) => ({ ...MIXED, mu, metaRate: 0, entropyRate: 0 });

export const arms = {
  base: untrained,
  sft: trained('imitation alone', [{ ...SUPERVISED, steps: WARM_UP + STEPS }]),
  rl: trained('reinforcement alone', [{ ...REINFORCED, steps: WARM_UP + STEPS }]),
  'sft-rl': trained('imitation, then reinforcement', [
    { ...SUPERVISED, steps: (WARM_UP + STEPS) / 2 },
    { ...REINFORCED, steps: (WARM_UP + STEPS) / 2 },
  ]),
  'fixed-25': trained('μ = 0.25', [fixed(0.25)]),
  'fixed-50': trained('μ = 0.5', [fixed(0.5)]),
  'fixed-75': trained('μ = 0.75', [fixed(0.75)]),
  linear: trained('μ from 1 to 0 in a straight line', [{ ...MIXED, mu: 1, decay: { to: 0, steps: STEPS } }]),
  'entropy-only': trained('AMFT without the meta-gradient', [{ ...MIXED, metaRate: 0 }]),
  'meta-only': trained('AMFT without the entropy term', [{ ...MIXED, entropyRate: 0 }]),
  amft: trained('AMFT', [MIXED]),
};
