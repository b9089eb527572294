/** What a model keeps of earlier tasks when it is trained on one task after another. */
import { mean } from './statistics.ts';

/** Figures of a sequence of training stages; accuracies as in the matrix, averages over tasks. */
export interface ContinualFigures {
  /** Mean accuracy on all tasks after the last stage. */
  averageAccuracy: number;
  /** Mean over all tasks but the last of final accuracy minus the best since the task was trained; below 0: forgotten. */
  forgetting: number;
  /** The same against the accuracy right after the task's own stage: backward transfer; may be above 0. */
  backwardTransfer: number;
  /** Mean accuracy on each task right after its own stage. A low one flatters `forgetting`. */
  learning: number;
  /** Mean accuracy on all tasks before the first stage. */
  base: number;
}

/**
 * Figures of an accuracy matrix: row 0 before training, row j after stage j; column i - 1 is the task of stage i. Entries
 * above the diagonal (tasks not trained yet, but for row 0) are not read. Forgetting is FM of Lai et al. 2025,
 * "Reinforcement Fine-Tuning Naturally Mitigates Forgetting in Continual Post-Training", after Chaudhry et al. 2018;
 * backward transfer after Lopez-Paz and Ranzato 2017. Both are 0 for a single task.
 * Throws a RangeError unless there is one row more than columns and every entry read is finite.
 */
export function continualFigures(matrix: readonly (readonly number[])[]): ContinualFigures {
  const stages = matrix.length - 1;
  if (stages < 1 || matrix.some((row) => row.length !== stages))
    throw new RangeError(
      `continualFigures: ${matrix.length} rows of ${[...new Set(matrix.map((row) => row.length))].join(' or ')} tasks, expected one row more than tasks`,
    );
  const at = (stage: number, task: number) => {
    const value = matrix[stage][task - 1];
    if (!Number.isFinite(value))
      throw new RangeError(`continualFigures: accuracy of task ${task} after stage ${stage} is ${value}`);
    return value;
  };
  const tasks = Array.from({ length: stages }, (_, i) => i + 1);
  const earlier = tasks.slice(0, -1);
  const peak = (task: number) => Math.max(...tasks.slice(task - 1, -1).map((stage) => at(stage, task)));
  const drops = earlier.map((task) => at(stages, task) - peak(task));
  const transfers = earlier.map((task) => at(stages, task) - at(task, task));
  return {
    averageAccuracy: mean(tasks.map((task) => at(stages, task))),
    forgetting: drops.length === 0 ? 0 : mean(drops),
    backwardTransfer: transfers.length === 0 ? 0 : mean(transfers),
    learning: mean(tasks.map((task) => at(task, task))),
    base: mean(tasks.map((task) => at(0, task))),
  };
}

/**
 * Retention of skills that were never trained on: mean change of accuracy (after - before, over skills), and the share kept
 * (Σ after / Σ before; NaN where nothing was there before). Throws a RangeError when the lists differ in length or are empty.
 */
export function retention(
  before: readonly number[],
  after: readonly number[],
): { change: number; kept: number } {
  if (before.length !== after.length || before.length === 0)
    throw new RangeError(
      `retention: ${before.length} and ${after.length} skills, expected as many and at least one`,
    );
  const [first, last] = [mean(before), mean(after)];
  return { change: last - first, kept: last / first };
}
