/** An environment with few training tasks: what a small set of examples leaves of a generator. */
import type { Environment } from '../types/index.ts';
import { checkIndex } from './generated.ts';

/**
 * The same environment with only the first `count` training tasks; other splits stay as they are. Throws a RangeError unless
 * `count` is an integer of at least 1 and at most the number of training tasks.
 */
export function withFewTasks<Data>(environment: Environment<Data>, count: number): Environment<Data> {
  const most = environment.size('train');
  if (!Number.isInteger(count) || count < 1 || count > most)
    throw new RangeError(`withFewTasks: count is ${count}, expected an integer from 1 to ${most}`);
  return {
    ...environment,
    size: (split) => (split === 'train' ? count : environment.size(split)),
    task(split, index) {
      if (split === 'train') checkIndex(environment.name, split, index, count);
      return environment.task(split, index);
    },
  };
}
