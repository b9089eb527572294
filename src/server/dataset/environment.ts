/** Datasets as an environment: the training file, and the held-out tasks that its runs are judged by. */
import type { Environment, Grader, Split, Task } from '../../types/index.ts';

/**
 * Tasks of two files. Without held-out ones, evaluation is on training tasks: the loop needs some, and the job says so.
 */
export function datasetEnvironment(
  train: readonly Task[],
  validation: readonly Task[] | undefined,
  grader: Grader,
): Environment {
  const splits: Record<Split, readonly Task[]> = {
    train,
    validation: validation ?? train,
    test: [],
  };
  return {
    name: 'dataset',
    size: (split) => splits[split].length,
    task: (split, index) => splits[split][index],
    grader,
    symbols: [],
  };
}
