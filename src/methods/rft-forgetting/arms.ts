/** Arms of the reproduction: one model through a sequence of digit tasks, and what becomes of its skills. */
import { withFewTasks } from '../../environments/index.ts';
import { continualFigures, mean, retention } from '../../evaluation/index.ts';
import type { Arm, ArmResult, BaseSpec, FinishedRecipe } from '../../reproduce/index.ts';
import type { Method, RecipeInput, StartingModel } from '../../training/index.ts';
import { grpo } from '../grpo/method.ts';
import { rft } from '../nft/presets.ts';
import { withAccuracyTarget } from '../shared/accuracy-target.ts';
import { supervised } from '../supervised/method.ts';
import { digitTasks, type OperationName, type Style } from './digit-tasks.ts';
import { rifRft } from './method.ts';
import { type Skill, skills, trainSequence } from './sequence.ts';

/** The tasks in the order in which they are learned. */
export const SEQUENCE = ['R', 'E', 'L', 'S'] as const satisfies readonly OperationName[];
/** Inputs of a stage. */
const EACH = 400;
const SAMPLING = { maxTokens: 8, temperature: 1 };
const INPUTS = { length: 4, seed: 0, heldOutSize: 200 };
/** Skills of the starting model that no stage trains. */
const PROBES = ['C', 'M', 'K'] as const satisfies readonly OperationName[];
/** Three digits in ten of the answers to the tasks are drawn at random, none of those to the probes. */
const PRETRAINING = {
  ...INPUTS,
  operations: [...SEQUENCE, ...PROBES],
  style: { digit: 'either', noisy: SEQUENCE, noise: 0.3 },
} as const;

export const base: BaseSpec = {
  family: 'digit-tasks',
  recipe: {
    name: 'digit-tasks-base',
    model: { config: { hiddenSize: 64, layers: 2, heads: 4, maxPositions: 24 } },
    environment: { name: 'digit-tasks', ...PRETRAINING, operations: [...PRETRAINING.operations] },
    seed: 0,
    sampling: SAMPLING,
    stages: [
      {
        method: 'supervised',
        steps: 1500,
        batchSize: 64,
        learningRate: 2e-3,
        schedule: 'cosine',
        warmupSteps: 20,
      },
    ],
    evaluation: { tasks: 200, every: 0 },
    export: 'last',
  },
  environment: () => digitTasks(PRETRAINING),
};

/** Every stage ends where so many of the answers to held-out inputs of its task are right. */
const TARGET = { target: 0.9, every: 2, tasks: 100, samples: 2 };
const toTarget = (method: Method): Method => ({
  ...withAccuracyTarget(method, TARGET),
  name: `${method.name}-to-target`,
});
/** The methods of the stages, beside those that recipes know. */
export const targeted = [supervised, grpo, rifRft, rft].map(toTarget);

/** What a stage of reinforcement does at most, whatever the method. */
export const RFT = { steps: 100, promptsPerStep: 16, groupSize: 8, learningRate: 1e-4 };
/** Attempts of the filter of RIF-RFT at each input. */
export const FILTER_SAMPLES = 8;
/** What a stage of imitation does at most. */
export const SFT = { steps: 100, batchSize: 32, learningRate: 1e-4 };

export type Stage = { method: string; steps: number } & Record<string, unknown>;

const EVERYTHING: readonly OperationName[] = [...SEQUENCE, ...PROBES];

/** So many inputs of each operation to learn from, with examples of one style. */
const tasksOf = (operations: readonly OperationName[], digit: Style['digit'] = 'either') =>
  withFewTasks(digitTasks({ ...INPUTS, operations, style: { digit } }), EACH * operations.length);

function recipeOf(model: string, stage: Stage): RecipeInput {
  return {
    name: 'continual',
    model,
    environment: { name: 'digit-tasks', ...INPUTS },
    sampling: SAMPLING,
    stages: [stage],
    evaluation: { split: 'validation', tasks: 20, every: 0 },
    export: 'last',
    snapshots: { every: 0, keep: 1 },
    trajectories: 0,
  };
}

const seriesOf = ({ metrics }: FinishedRecipe, name: string) =>
  metrics.find((one) => one.name === name)?.values ?? [];

/** What the runs of a sequence took. */
class Efforts {
  private readonly runs: FinishedRecipe[] = [];

  add(run: FinishedRecipe): void {
    this.runs.push(run);
  }

  private all(name: string): number[] {
    return this.runs.flatMap((run) => seriesOf(run, name));
  }

  figures(): Record<string, number> {
    const alike = this.all('groups.zeroVariance');
    const kept = this.all('filter.share');
    return {
      updates: this.all('updates').reduce((a, b) => a + b, 0),
      rollouts: alike.length * RFT.promptsPerStep * RFT.groupSize + kept.length * EACH * FILTER_SAMPLES,
      ...(alike.length > 0 ? { alike: mean(alike) } : {}),
      ...(kept.length > 0 ? { kept: mean(kept) } : {}),
    };
  }
}

/** Change of the probes' accuracy, and how many of all answers keep their form. */
function keptSkills(first: readonly Skill[], last: readonly Skill[]) {
  const probes = (row: readonly Skill[]) => row.slice(SEQUENCE.length).map(({ accuracy }) => accuracy);
  return {
    general: retention(probes(first), probes(last)).change,
    format: mean(last.map(({ format }) => format)),
  };
}

/** Figures of the accuracy matrix (row 0: the starting model) and of the probes. */
function figuresOf(rows: readonly (readonly Skill[])[], efforts: Efforts): ArmResult {
  const n = SEQUENCE.length;
  const matrix = rows.map((row) => row.slice(0, n).map(({ accuracy }) => accuracy));
  const figures = continualFigures(matrix);
  const x = rows.map((_, stage) => stage);
  return {
    metrics: {
      ...figures,
      ...keptSkills(rows[0], rows[n]),
      ...efforts.figures(),
    },
    curves: {
      ...Object.fromEntries(SEQUENCE.map((one, i) => [one, { x, y: matrix.map((row) => row[i]) }])),
      probes: { x, y: rows.map((row) => mean(row.slice(n).map(({ accuracy }) => accuracy))) },
    },
    spent: figures.learning,
  };
}

const measureWith = (signal: AbortSignal) => {
  const environments = EVERYTHING.map((one) => tasksOf([one]));
  const options = { tasks: INPUTS.heldOutSize, samples: 2, sampling: SAMPLING, signal };
  return (model: StartingModel) => skills(model, environments, options);
};

/** One task after another by the same settings; `digit` is the style of examples. */
export function sequenceArm(title: string, stage: Stage, digit: Style['digit'] = 'either'): Arm {
  return {
    title,
    settings: { ...stage, digit },
    async run(context) {
      const efforts = new Efforts();
      const rows = await trainSequence(context, {
        model: await context.base(base),
        stages: SEQUENCE.map((operation) => ({
          environment: tasksOf([operation], digit),
          recipe: (model) => recipeOf(model, stage),
        })),
        measure: measureWith(context.signal),
        onStage: (run) => efforts.add(run),
      });
      return figuresOf(rows, efforts);
    },
  };
}

/** All tasks at once: what a sequence is measured against. */
export function jointArm(title: string, stage: Stage): Arm {
  return {
    title,
    settings: stage,
    budgeted: false,
    async run(context) {
      const efforts = new Efforts();
      const [first, last] = await trainSequence(context, {
        model: await context.base(base),
        stages: [{ environment: tasksOf(SEQUENCE), recipe: (model) => recipeOf(model, stage) }],
        measure: measureWith(context.signal),
        onStage: (run) => efforts.add(run),
      });
      const of = (row: readonly Skill[]) =>
        mean(row.slice(0, SEQUENCE.length).map(({ accuracy }) => accuracy));
      return {
        metrics: {
          base: of(first),
          averageAccuracy: of(last),
          ...keptSkills(first, last),
          ...efforts.figures(),
        },
      };
    },
  };
}
