/** Arms of the study: learners with a budget of reward queries and of gradient steps, collected at once or in rounds. */
import type { FrozenEngine } from '../../engine/index.ts';
import { mean } from '../../evaluation/index.ts';
import type { Arm, ArmResult, BaseSpec, Curve, FinishedRecipe } from '../../reproduce/index.ts';
import { rolloutGroups } from '../../rollout/index.ts';
import type { Tokenizer } from '../../text/index.ts';
import { gradedScores, type RecipeInput, startingModel } from '../../training/index.ts';
import { bumpTask, CONTEXTS } from './bump-task.ts';

/** Bins of an answer. */
export const LENGTH = 1;
/** Attempts at a prompt, and prompts and gradient steps of a whole arm. */
export const N = 10;
export const PROMPTS = 100;
export const GRADIENT_STEPS = 300;
const WIDTH = 10;
/** Samples a context by which an arm is judged. */
const JUDGED = 200;

/** Where the reward has its peak: where the data's mode is, or where the data is thin. */
export const PEAKS = { near: 20, far: 70 } as const;
export type Peak = keyof typeof PEAKS;

const taskOf = (centre: number) => bumpTask({ length: LENGTH, centre, width: WIDTH, seed: 0 });
const SAMPLING = { maxTokens: LENGTH, temperature: 1 };

/** A model of the data; all arms start from it, and it is their reference. */
export const base: BaseSpec = {
  family: 'bump-task',
  recipe: {
    name: 'bump-task-base',
    model: { config: { hiddenSize: 48, layers: 2, heads: 3, maxPositions: 16 } },
    environment: { name: 'bump-task', length: LENGTH, seed: 0 },
    seed: 0,
    sampling: SAMPLING,
    stages: [
      {
        method: 'supervised',
        steps: 600,
        batchSize: 128,
        learningRate: 3e-3,
        schedule: 'cosine',
        warmupSteps: 20,
      },
    ],
    evaluation: { tasks: CONTEXTS, samples: 20, every: 0 },
    export: 'last',
  },
  environment: () => taskOf(PEAKS.near),
};

/** A learner by its stage; `rounds` splits the same prompts and gradient steps into so many collections. */
export interface Learner {
  title: string;
  stage(rounds: number): { method: string; steps: number } & Record<string, unknown>;
}

/** All gradient steps on a round's attempts are passes of one step of the loop. */
const byPasses = (title: string, own: { method: string } & Record<string, unknown>): Learner => ({
  title,
  stage: (rounds) => ({
    ...own,
    steps: rounds,
    promptsPerStep: PROMPTS / rounds,
    groupSize: N,
    updateEpochs: GRADIENT_STEPS / rounds,
  }),
});

/** Every gradient step is a step of the loop. */
const bySteps = (title: string, own: { method: string } & Record<string, unknown>): Learner => ({
  title,
  stage: (rounds) => ({
    ...own,
    steps: GRADIENT_STEPS,
    promptsPerStep: PROMPTS / rounds,
    groupSize: N,
    reuse: GRADIENT_STEPS / rounds,
  }),
});

export const LEARNERS = {
  bon: byPasses('imitating the best of ten', { method: 'best-of-n' }),
  dpo: bySteps('DPO', { method: 'online-dpo', beta: 0.1 }),
  ipo: bySteps('IPO', { method: 'online-dpo', loss: 'ipo', beta: 0.05 }),
  ppo: byPasses('clipped policy gradient', { method: 'grpo', normalise: 'batch-std' }),
} as const satisfies Record<string, Learner>;
export type LearnerName = keyof typeof LEARNERS;

function recipeOf(model: string, stage: Record<string, unknown> & { method: string }): RecipeInput {
  return {
    name: 'on-policy-preference',
    model,
    environment: { name: 'bump-task', length: LENGTH, seed: 0 },
    sampling: SAMPLING,
    stages: [stage],
    evaluation: { split: 'test', tasks: CONTEXTS, samples: 20, temperature: 1, every: 0 },
    export: 'last',
    snapshots: { every: 0, keep: 1 },
    trajectories: 0,
  };
}

/** Fresh samples of the model: mean reward, KL to the data's model and entropy (nats an answer), by the samples' own estimates. */
async function judge(
  engine: FrozenEngine,
  tokenizer: Tokenizer,
  data: FrozenEngine,
  centre: number,
): Promise<Record<string, number>> {
  const environment = taskOf(centre);
  const groups = await rolloutGroups({
    engine,
    tokenizer,
    tasks: Array.from({ length: CONTEXTS }, (_, context) => environment.task('test', context)),
    groupSize: JUDGED,
    sampling: SAMPLING,
    grader: environment.grader,
    seed: 0,
    path: ['judge'],
  });
  const all = groups.flatMap(({ trajectories }) => trajectories);
  const under = await data.forward(all.map(({ tokens }) => tokens));
  const total = (values: Float32Array, from: number) => values.slice(from).reduce((a, b) => a + b, 0);
  const own = all.map(({ logprobs, promptLength }) => total(logprobs, promptLength));
  const theirs = all.map(({ promptLength }, i) => total(under.logprobs[i], promptLength));
  return {
    reward: mean(gradedScores(all)),
    kl: mean(own.map((x, i) => x - theirs[i])),
    entropy: -mean(own),
  };
}

const seriesOf = ({ metrics }: FinishedRecipe, name: string) =>
  metrics.find((one) => one.name === name)?.values ?? [];

/** Reward of the attempts of each round against the queries before it, and of the judged samples at the end. */
function rewardCurve(run: FinishedRecipe, rounds: number, last: number): Curve {
  const rewards = seriesOf(run, 'reward.mean');
  const queries = rewards.map((_, round) => (round * PROMPTS * N) / rounds);
  return { x: [...queries, PROMPTS * N], y: [...rewards, last] };
}

/** One learner with one peak, in so many rounds. */
export function arm(name: LearnerName, peak: Peak, rounds: number, learningRate: number): Arm {
  const learner: Learner = LEARNERS[name];
  const stage = { ...learner.stage(rounds), learningRate };
  const where = peak === 'far' ? 'peak far from the data' : 'peak at the data';
  const how = rounds === 1 ? 'offline' : `${rounds} rounds`;
  return {
    title: `${learner.title}, ${how}, ${where}`,
    settings: { ...stage, peak: PEAKS[peak] },
    async run({ base: baseModel, train, seed, progress }): Promise<ArmResult> {
      const model = await baseModel(base);
      const run = await train({ recipe: recipeOf(model, stage), environment: taskOf(PEAKS[peak]) });
      const data = await startingModel({ model, seed }, []);
      try {
        const figures = await judge(run.engine, run.tokenizer, data.engine, PEAKS[peak]);
        progress(1);
        const pairs = ['chosen', 'rejected'].flatMap((side) => {
          const values = seriesOf(run, `preference.${side}`);
          return values.length === 0 ? [] : [[side, values[values.length - 1]] as const];
        });
        return {
          metrics: { ...figures, ...Object.fromEntries(pairs) },
          curves: { reward: rewardCurve(run, rounds, figures.reward) },
          spent: PROMPTS * N,
        };
      } finally {
        run.engine.dispose();
        data.engine.dispose();
      }
    },
  };
}

/** The model of the data itself. */
export function dataArm(peak: Peak): Arm {
  return {
    title: `the data's model, ${peak === 'far' ? 'peak far from the data' : 'peak at the data'}`,
    budgeted: false,
    async run({ base: baseModel, seed }): Promise<ArmResult> {
      const { engine, tokenizer } = await startingModel({ model: await baseModel(base), seed }, []);
      try {
        return { metrics: await judge(engine, tokenizer, engine, PEAKS[peak]) };
      } finally {
        engine.dispose();
      }
    },
  };
}
