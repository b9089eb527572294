/** The arms of the reproduction: imitation, reinforcement, and ways to balance the two. */
import { noisyChain } from '../../environments/index.ts';
import { mean } from '../../evaluation/index.ts';
import { type Arm, type ArmContext, type ArmResult, type BaseSpec, curveOf } from '../../reproduce/index.ts';
import { evaluate, type RecipeInput, type StartingModel, startingModel } from '../../training/index.ts';
import type { Environment } from '../../types/index.ts';
import { beginningWith } from './first-digits.ts';

const SAMPLING = { maxTokens: 16, temperature: 1 };
/** What the base believes wrongly: 15 sums of two digits nearly always, which chance hardly ever puts right, and 15 less firmly. */
const BELIEVED = Array.from({ length: 30 }, (_, i) => (i % 2 === 0 ? 0.97 : 0.75));
/** What demonstrations show: the firm half is put right, the other half is as wrong as before. */
const SHOWN = BELIEVED.map((chance, i) => (i % 2 === 0 ? 0 : chance));
/** Chains that the base has read. */
const CHAINS = {
  additions: 4,
  misconceptions: BELIEVED,
  slips: 0.05,
  seed: 0,
  validationSize: 256,
  testSize: 256,
};
/** First digits of the chains that are trained on, and of those that are not. */
const PRACTISED = '01234';
const OTHER = '56789';
const DEMONSTRATIONS = 1000;
/** Steps of imitation alone in the mixed arms, and steps after it. */
const IMITATION_STEPS = 10;
const MIXED_STEPS = 40;
export const STEPS = IMITATION_STEPS + MIXED_STEPS;

/** One model for all arms and seeds. */
export const base: BaseSpec = {
  family: 'noisy-chain',
  recipe: {
    name: 'noisy-chain-base',
    model: { config: { hiddenSize: 64, layers: 2, heads: 4, maxPositions: 32 } },
    environment: { name: 'noisy-chain', ...CHAINS },
    seed: 0,
    sampling: SAMPLING,
    stages: [
      {
        method: 'supervised',
        steps: 1000,
        batchSize: 64,
        learningRate: 2e-3,
        schedule: 'cosine',
        warmupSteps: 20,
      },
    ],
    evaluation: { tasks: 256, every: 0 },
    export: 'last',
  },
  environment: () => noisyChain(CHAINS),
};

const chains = (seed: number, first: string): Environment =>
  beginningWith(noisyChain({ ...CHAINS, misconceptions: SHOWN, seed, testSize: 512 }) as Environment, {
    first,
    trainingSize: DEMONSTRATIONS,
  });

/** Accuracy against the truth on held-out chains that begin as the practised ones do, and on others. */
async function measured(
  { seed, signal }: ArmContext,
  { engine, tokenizer }: StartingModel,
): Promise<Record<string, number>> {
  const accuracy = async (first: string) => {
    const environment = chains(0, first);
    const tasks = environment.size('test');
    const held = { engine, tokenizer, environment, split: 'test', tasks, samples: 4 } as const;
    const { summary } = await evaluate({ ...held, sampling: SAMPLING, seed, signal });
    return summary.passAt1.estimate;
  };
  return { accuracy: await accuracy(PRACTISED), other: await accuracy(OTHER) };
}

export const untrained: Arm = {
  title: 'the base model',
  budgeted: false,
  async run(context) {
    const started = await startingModel({ model: await context.base(base), seed: context.seed }, []);
    try {
      return { metrics: await measured(context, started) };
    } finally {
      started.engine.dispose();
    }
  },
};

type Stage = RecipeInput['stages'][number];

export const IMITATED: Stage = { method: 'supervised', batchSize: 16, learningRate: 3e-4 };
export const REINFORCED: Stage = {
  method: 'grpo',
  promptsPerStep: 16,
  groupSize: 8,
  aggregation: 'token-mean',
  learningRate: 3e-4,
};
/** Both losses, μ as AMFT moves it. */
export const BALANCED: Stage = {
  ...REINFORCED,
  method: 'amft',
  steps: STEPS,
  imitationSteps: IMITATION_STEPS,
  metaRate: 0.5,
  metaEvery: 4,
  entropyRate: 0.5,
};
/** The same with a fixed μ. */
export const fixed = (mu: number): Stage => ({ ...BALANCED, mu, metaRate: 0, entropyRate: 0 });
/** μ from 1 to 0 in a straight line. */
export const linear: Stage = { ...BALANCED, mu: 1, decay: { to: 0, steps: MIXED_STEPS } };

/** The base trained by these stages. */
export function trained(title: string, ...stages: Stage[]): Arm {
  return {
    title,
    settings: { stages },
    async run(context) {
      const recipe: RecipeInput = {
        name: 'amft-arm',
        model: await context.base(base),
        environment: { name: 'noisy-chain', additions: CHAINS.additions },
        sampling: SAMPLING,
        stages,
        evaluation: { split: 'test', tasks: 64, every: 0 },
        snapshots: { every: 25, keep: 1 },
        export: 'last',
        trajectories: 0,
      };
      const run = await context.train({ recipe, environment: chains(context.seed, PRACTISED) });
      try {
        const metrics = await measured(context, run);
        const result: ArmResult = { metrics, spent: STEPS };
        if (!run.metrics.some(({ name }) => name === 'amft.mu')) return result;
        const mu = curveOf(run, 'amft.mu');
        metrics.mu = mean(mu.y.slice(IMITATION_STEPS));
        metrics.muEnd = mu.y[mu.y.length - 1];
        return { ...result, curves: { mu } };
      } finally {
        run.engine.dispose();
      }
    },
  };
}
