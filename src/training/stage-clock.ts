/** Where a stage stands: how many steps it has, how far it is, and the learning rate there. */
import { learningRate } from '../nn/index.ts';
import type { MethodInstance } from './method.ts';
import type { Stage } from './recipe.ts';

export interface StageProgress {
  /** Steps done. */
  steps: number;
  /** Wall time of training so far, evaluations and snapshots not counted. */
  seconds: number;
}

/** Fine enough for a schedule over wall time. */
const TIME_STEPS = 1_000_000;

/**
 * Number of steps of a stage; undefined when it ends by wall time. Throws an Error when it is given in epochs and the
 * method has none.
 */
export function totalSteps(stage: Stage, instance: MethodInstance): number | undefined {
  if (stage.steps !== undefined) return stage.steps;
  if (stage.epochs === undefined) return undefined;
  if (instance.stepsForEpochs === undefined)
    throw new Error(
      `stage ${stage.name}: epochs is ${stage.epochs}, but ${stage.method} has no epochs; expected steps or seconds`,
    );
  return instance.stepsForEpochs(stage.epochs);
}

export function stageEnded(stage: Stage, total: number | undefined, progress: StageProgress): boolean {
  if (total !== undefined) return progress.steps >= total;
  return progress.seconds >= (stage.seconds ?? 0);
}

/** Learning rate of the next step. */
export function stageLearningRate(stage: Stage, total: number | undefined, progress: StageProgress): number {
  const { schedule: type, learningRate: rate, warmupSteps, warmupFraction, floor } = stage;
  const settings = { type, learningRate: rate, warmupSteps, warmupFraction, floor };
  if (total !== undefined) return learningRate(settings, progress.steps, total);
  const share = Math.min(1, progress.seconds / (stage.seconds ?? 1));
  return learningRate(settings, Math.round(share * TIME_STEPS), TIME_STEPS);
}
