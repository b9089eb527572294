/** The arms of the reproduction: supervised training on few demonstrations, and what may be done after it. */
import { join } from 'node:path';
import { emulatedEngine, type FrozenEngine } from '../../engine/index.ts';
import { withFewTasks } from '../../environments/index.ts';
import type { Arm, ArmContext, ArmResult, BaseSpec } from '../../reproduce/index.ts';
import { evaluate, type RecipeInput, startingModel } from '../../training/index.ts';
import type { Environment } from '../../types/index.ts';
import { type ListTask, styleLists } from './style-lists.ts';

const SAMPLING = { maxTokens: 16, temperature: 1 };
const HELD_OUT = { validationSize: 100, testSize: 500 };
const CORPUS = { tasks: ['t', 'u'], styles: 'all', noise: 0.005, seed: 0, ...HELD_OUT } as const;
/** Demonstrations: the copy task only, in one style, without noise. */
const SHOWN = { tasks: ['t'], styles: 'demonstrated', noise: 0, ...HELD_OUT } as const;
/** Prompts of both tasks; what their answers would be is not looked at. */
const ASKED = { ...SHOWN, tasks: ['t', 'u'] } as const;

/** Demonstrations where they are few, and where they are many. */
export const FEW = 16;
export const MANY = 256;
/** Gradient steps of supervised training. */
export const SUPERVISED_STEPS = 40;
/** Steps of self-rewarding, of two gradient steps each. */
const STEPS = 30;

export const base: BaseSpec = {
  family: 'style-lists',
  recipe: {
    name: 'style-lists-base',
    model: { config: { hiddenSize: 96, layers: 3, heads: 4, maxPositions: 32 } },
    environment: { name: 'style-lists', ...CORPUS, tasks: [...CORPUS.tasks] },
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
    evaluation: { tasks: 100, every: 0 },
    export: 'last',
  },
  environment: () => styleLists(CORPUS) as Environment,
};

type Reader = Pick<Awaited<ReturnType<typeof startingModel>>, 'tokenizer'> & { engine: FrozenEngine };

/** Accuracy in the demonstrated style on held-out prompts of each task, one sample a prompt. */
async function measured(
  { seed, signal }: ArmContext,
  { engine, tokenizer }: Reader,
  metrics: Record<string, number> = {},
): Promise<ArmResult> {
  const accuracy = async (task: ListTask) => {
    const { summary } = await evaluate({
      engine,
      tokenizer,
      environment: styleLists({ ...SHOWN, tasks: [task], seed }) as Environment,
      split: 'test',
      tasks: HELD_OUT.testSize,
      sampling: SAMPLING,
      seed,
      signal,
    });
    return summary.passAt1.estimate;
  };
  return { metrics: { shown: await accuracy('t'), transfer: await accuracy('u'), ...metrics } };
}

async function measuredFolder(context: ArmContext, model: string): Promise<ArmResult> {
  const started = await startingModel({ model, seed: context.seed }, []);
  try {
    return await measured(context, started);
  } finally {
    started.engine.dispose();
  }
}

/** Folder of the model that a supervised arm kept. */
const modelOf = (context: ArmContext, arm: string) => join(context.folderOf(arm), 'run', 'model');

export const untrained: Arm = {
  title: 'the base model',
  budgeted: false,
  run: async (context) => await measuredFolder(context, await context.base(base)),
};

/** Supervised training on so many demonstrations; the weights that are best on held-out prompts of the same task are kept. */
export function supervised(title: string, count: number, steps: number): Arm {
  const stage = { method: 'supervised', steps, batchSize: 32, learningRate: 3e-5 };
  return {
    title,
    budgeted: count === FEW,
    settings: { ...stage, demonstrations: count },
    async run(context) {
      const recipe: RecipeInput = {
        name: 'style-lists-supervised',
        model: await context.base(base),
        environment: { name: 'style-lists', ...SHOWN, tasks: [...SHOWN.tasks] },
        sampling: SAMPLING,
        stages: [stage],
        evaluation: { tasks: 100, samples: 2, every: 10 },
        export: 'best',
        trajectories: 0,
      };
      const environment = withFewTasks(styleLists({ ...SHOWN, seed: context.seed }), count) as Environment;
      const run = await context.train({ recipe, environment });
      run.engine.dispose();
      return { ...(await measuredFolder(context, run.model)), spent: count };
    },
  };
}

/** A clip that no log ratio reaches. */
export const UNCLIPPED = { tokenClip: 1000 };

/** Self-rewarding from what a supervised arm kept. */
export function selfRewarding(title: string, own: Record<string, unknown>, from = 'sft', count = FEW): Arm {
  const stage = {
    method: 'self-rewarding-ppo',
    steps: STEPS,
    promptsPerStep: 32,
    groupSize: 4,
    updateEpochs: 1,
    minibatches: 2,
    credit: 'group',
    normalise: 'none',
    klCoefficient: 1,
    tokenClip: 0.75,
    learningRate: 1e-4,
    // Where there is nothing to learn, gradients are rounding errors, which the optimiser would scale up.
    epsilon: 1e-5,
    ...own,
  };
  return {
    title,
    budgeted: count === FEW,
    needs: [from],
    settings: stage,
    async run(context) {
      const recipe: RecipeInput = {
        name: 'style-lists-self-rewarding',
        model: modelOf(context, from),
        environment: { name: 'style-lists', ...ASKED, tasks: [...ASKED.tasks] },
        sampling: SAMPLING,
        stages: [{ ...stage, base: await context.base(base) }],
        evaluation: { tasks: 100, every: 0 },
        snapshots: { every: 10, keep: 1 },
        export: 'last',
        trajectories: 0,
      };
      // Other prompts than those of the demonstrations.
      const environment = styleLists({ ...ASKED, seed: 1000 + context.seed }) as Environment;
      const run = await context.train({ recipe, environment });
      try {
        const atEnd = (name: string) => {
          const { values = [] } = run.metrics.find((series) => series.name === name) ?? {};
          return values.slice(-5).reduce((a, b) => a + b, 0) / 5;
        };
        const [reward, drift] = [atEnd('self.reward'), atEnd('self.klPerAttempt')];
        return { ...(await measured(context, run, { reward, drift })), spent: count };
      } finally {
        run.engine.dispose();
      }
    },
  };
}

/** No training at all after the supervised one: its logits, further on in the direction from the base's. */
export function extrapolated(title: string, weight: number): Arm {
  return {
    title,
    needs: ['sft'],
    settings: { weight },
    async run(context) {
      const folders = [modelOf(context, 'sft'), await context.base(base)];
      const [tuned, reference] = await Promise.all(
        folders.map((model) => startingModel({ model, seed: context.seed }, [])),
      );
      try {
        const { tokenizer } = tuned;
        const deltas = [{ tuned: tuned.engine, reference: reference.engine, weight }];
        const engine = emulatedEngine({ base: tuned.engine, deltas, tokenizer, draftTokens: 8 });
        return { ...(await measured(context, { engine, tokenizer })), spent: FEW };
      } finally {
        tuned.engine.dispose();
        reference.engine.dispose();
      }
    },
  };
}
