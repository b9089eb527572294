/** The arms of the echo chamber's reproduction: models pre-trained on a mixture, and what reinforcement makes of them. */
import { convergence } from '../../evaluation/index.ts';
import { NO_FORMAT } from '../../graders/index.ts';
import {
  type Arm,
  type ArmContext,
  type BaseSpec,
  curveOf,
  type FinishedRecipe,
} from '../../reproduce/index.ts';
import { type RecipeInput, type StartingModel, startingModel } from '../../training/index.ts';
import type { Environment } from '../../types/index.ts';
import { type ChainsOptions, formatChains } from './chains.ts';
import { FORMAT_NAMES } from './formats.ts';
import { measureChains } from './measure.ts';

export const STEPS = 60;
export const PROMPTS = 16;
export const ANSWERS = 8;
export const ROUNDS = 3;
export const RATE = 2e-4;
export const ROLLOUTS = STEPS * PROMPTS * ANSWERS;
/** Checkpoints of every arm after its start, evenly spaced in what was sampled. */
const CHECKPOINTS = 6;
const MAX_TOKENS = 28;
const SIZES = { validationSize: 64, testSize: 100 };
const SLIPS = { program: 0.3, tagged: 0.5, worked: 0.3 };
/** How often each format's part of the corpus is repeated. */
const MIXTURES = {
  even: { program: 1, tagged: 1, worked: 1 },
  skewed: { program: 1, tagged: 8, worked: 1 },
};
type Mixture = keyof typeof MIXTURES;

const chains = (mixture: Mixture, steps: [number, number]) => ({
  steps,
  repeats: MIXTURES[mixture],
  slips: SLIPS,
  seed: 0,
  ...SIZES,
});

const environmentOf = (options: ChainsOptions) => formatChains(options) as Environment;

/** Pre-training on a mixture; every seed has models of its own. */
export function baseOf(mixture: Mixture, seed: number): BaseSpec {
  const corpus = chains(mixture, [1, 4]);
  return {
    family: `format-chains-${mixture}`,
    recipe: {
      name: `format-chains-${mixture}`,
      model: { config: { hiddenSize: 64, layers: 2, heads: 4, maxPositions: 40 } },
      environment: { name: 'format-chains', ...corpus },
      seed,
      sampling: { maxTokens: MAX_TOKENS, temperature: 1 },
      stages: [
        {
          method: 'supervised',
          steps: 700,
          batchSize: 64,
          learningRate: 2e-3,
          schedule: 'cosine',
          warmupSteps: 20,
          floor: 0.1,
        },
      ],
      evaluation: { tasks: 32, every: 0 },
      snapshots: { every: 0, keep: 1 },
      export: 'last',
    },
    environment: () => environmentOf(corpus),
  };
}

/** Practice is on up to three operations; four are the harder questions that are measured too. */
const PRACTICE: [number, number] = [1, 3];
const HARDER: [number, number] = [4, 4];

/** Figures of the weights that an engine holds, on questions as practised and on harder ones. */
async function measured({ seed, signal }: ArmContext, { engine, tokenizer }: StartingModel) {
  const common = { engine, tokenizer, tasks: 100, samples: 32, maxTokens: MAX_TOKENS, seed, signal };
  const easy = await measureChains({ ...common, environment: formatChains(chains('even', PRACTICE)) });
  const hard = await measureChains({ ...common, environment: formatChains(chains('even', HARDER)) });
  return { ...easy, hardPassAt1: hard.passAt1, hardPassAtMany: hard.passAtMany };
}

/** The base of a mixture as it is. */
export function untrained(title: string, mixture: Mixture): Arm {
  return {
    title,
    budgeted: false,
    settings: { mixture, repeats: MIXTURES[mixture], slips: SLIPS },
    async run(context) {
      const model = await context.base(baseOf(mixture, context.seed));
      const started = await startingModel({ model, seed: context.seed }, []);
      try {
        return { metrics: await measured(context, started) };
      } finally {
        started.engine.dispose();
      }
    },
  };
}

const SHARE = 'eval.parts.share.';

/** Shares of all formats at each evaluation, those in no format last. */
function shareRows(run: FinishedRecipe): number[][] {
  const series = [...FORMAT_NAMES, NO_FORMAT].map((name) => curveOf(run, SHARE + name));
  return series[0].x.map((_, i) => series.map(({ y }) => y[i]));
}

/** An arm that trains the base of a mixture on easy questions by one stage. */
export function trained(title: string, mixture: Mixture, stage: RecipeInput['stages'][number]): Arm {
  const { steps = 0 } = stage;
  return {
    title,
    settings: { mixture, repeats: MIXTURES[mixture], slips: SLIPS, ...stage },
    async run(context) {
      const practice = chains(mixture, PRACTICE);
      const run = await context.train({
        recipe: {
          name: 'echo-chamber',
          model: await context.base(baseOf(mixture, context.seed)),
          environment: { name: 'format-chains', ...practice },
          sampling: { maxTokens: MAX_TOKENS, temperature: 1 },
          stages: [stage],
          evaluation: {
            split: 'test',
            tasks: 100,
            samples: 8,
            temperature: 1,
            every: Math.ceil(steps / CHECKPOINTS),
          },
          snapshots: { every: 0, keep: 1 },
          export: 'last',
          trajectories: 0,
        },
        environment: environmentOf(practice),
      });
      try {
        const rows = shareRows(run);
        const { convergedAt, fromStart, largestShares } = convergence(rows);
        const checkpoints = rows.map((_, i) => i / (rows.length - 1));
        const metrics: Record<string, number> = {
          ...(await measured(context, run)),
          fromStart: fromStart[fromStart.length - 1],
          ...(convergedAt === undefined ? {} : { convergedAt: checkpoints[convergedAt] }),
        };
        const curves = {
          accuracy: { x: checkpoints, y: curveOf(run, 'eval.passAt1').y },
          largestShare: { x: checkpoints, y: largestShares },
        };
        return { metrics, curves, spent: ROLLOUTS };
      } finally {
        run.engine.dispose();
      }
    },
  };
}
