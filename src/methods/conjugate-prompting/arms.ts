/** The arms of conjugate prompting's reproduction: a model of two tasks in two alphabets, and what fine-tuning on one makes of it. */
import type { Arm, ArmContext, BaseSpec } from '../../reproduce/index.ts';
import { type RecipeInput, type StartingModel, startingModel } from '../../training/index.ts';
import type { Environment } from '../../types/index.ts';
import { type CopyOrEvaluateOptions, copyOrEvaluate } from './copy-or-evaluate.ts';
import { measureReadings } from './measure.ts';
import { excessLoss } from './regression.ts';

/** Chance that an example follows the other task: what a prompt asks for can be inferred, but is never certain. */
const NOISE = 0.2;
export const SEQUENCES = 640;
const MAX_TOKENS = 5;
/** Both tasks, in both alphabets. */
const CORPUS = {
  evaluateShare: 0.5,
  noise: NOISE,
  examples: [0, 3],
  copied: 'both',
  secondAlphabet: 0.5,
  seed: 0,
  validationSize: 64,
  testSize: 200,
} satisfies CopyOrEvaluateOptions & { examples: [number, number] };
/** Evaluating in the first alphabet: what is fine-tuned on. */
const TUNING = { ...CORPUS, evaluateShare: 1, secondAlphabet: 0 };

const environmentOf = (options: CopyOrEvaluateOptions) => copyOrEvaluate(options) as Environment;

/** Every seed has a model of its own. */
export const baseOf = (seed: number): BaseSpec => ({
  family: 'copy-or-evaluate',
  recipe: {
    name: 'copy-or-evaluate-base',
    model: { config: { hiddenSize: 64, layers: 2, heads: 4, maxPositions: 48 } },
    environment: { name: 'copy-or-evaluate', ...CORPUS },
    seed,
    sampling: { maxTokens: MAX_TOKENS, temperature: 1 },
    stages: [
      {
        method: 'supervised',
        steps: 600,
        batchSize: 64,
        learningRate: 2e-3,
        schedule: 'cosine',
        warmupSteps: 20,
        floor: 0.1,
      },
    ],
    evaluation: { tasks: 64, every: 0 },
    snapshots: { every: 0, keep: 1 },
    export: 'last',
  },
  environment: () => environmentOf(CORPUS),
});

/** Figures of the weights that an engine holds. */
const measured = ({ seed, signal }: ArmContext, { engine, tokenizer }: StartingModel) =>
  measureReadings({ engine, tokenizer, noise: NOISE, tasks: 200, seed, signal });

export const untuned: Arm = {
  title: 'before fine-tuning',
  budgeted: false,
  settings: { ...CORPUS },
  async run(context) {
    const model = await context.base(baseOf(context.seed));
    const started = await startingModel({ model, seed: context.seed }, []);
    try {
      return { metrics: await measured(context, started) };
    } finally {
      started.engine.dispose();
    }
  },
};

/** An arm that fine-tunes on evaluating in the first alphabet by one stage. */
export function tuned(title: string, stage: RecipeInput['stages'][number]): Arm {
  return {
    title,
    settings: { ...TUNING, ...stage },
    async run(context) {
      const run = await context.train({
        recipe: {
          name: 'conjugate-prompting',
          model: await context.base(baseOf(context.seed)),
          environment: { name: 'copy-or-evaluate', ...TUNING },
          sampling: { maxTokens: MAX_TOKENS, temperature: 1 },
          stages: [stage],
          evaluation: { split: 'test', tasks: 16, every: 0 },
          snapshots: { every: 0, keep: 1 },
          export: 'last',
          trajectories: 0,
        },
        environment: environmentOf(TUNING),
      });
      try {
        return { metrics: await measured(context, run), spent: SEQUENCES };
      } finally {
        run.engine.dispose();
      }
    },
  };
}

/** Prior of the discrete family before and after fine-tuning, as ideal readers hold it. */
const PRIORS = { before: 0.5, after: 0.9999 };
const REGRESSION = { dimensions: 10, functions: 64, examples: 5, noise: 1, spread: 1, prompts: 400 };
const SCALE = 2;

/** The paper's synthetic experiment without a network: in-context regression by ideal readers with either prior. */
export const ideal: Arm = {
  title: 'ideal readers of in-context regression',
  budgeted: false,
  settings: { ...PRIORS, ...REGRESSION, scale: SCALE },
  async run({ seed, stopIfAsked, progress }) {
    const losses: number[] = [];
    for (const alpha of [PRIORS.before, PRIORS.after])
      for (const scale of [1, SCALE]) {
        stopIfAsked();
        losses.push(excessLoss(alpha, scale, { ...REGRESSION, seed }));
        progress(losses.length / 4);
      }
    const [baseLoss, baseLossScaled, tunedLoss, tunedLossScaled] = losses;
    return { metrics: { baseLoss, baseLossScaled, tunedLoss, tunedLossScaled } };
  },
};
