/** The tasks of an environment whose prompts begin with some digits: what is practised, and what is kept apart from it. */
import type { Environment, Split } from '../../types/index.ts';

export interface FirstDigitOptions {
  /** Digits that a prompt may begin with. */
  first: string;
  /** Training tasks that are kept, the earliest ones. */
  trainingSize: number;
}

/**
 * The environment with only those tasks whose prompt begins with one of the digits: the first `trainingSize` ones for training,
 * and all of the held-out splits. Throws a RangeError when `trainingSize` is no whole number from 1.
 */
export function beginningWith<Data>(
  environment: Environment<Data>,
  { first, trainingSize }: FirstDigitOptions,
): Environment<Data> {
  if (!Number.isInteger(trainingSize) || trainingSize < 1)
    throw new RangeError(`beginningWith: trainingSize is ${trainingSize}, expected a whole number from 1`);
  const kept = new Map<Split, number[]>();
  const indicesOf = (split: Split): number[] => {
    const known = kept.get(split);
    if (known !== undefined) return known;
    const wanted = split === 'train' ? trainingSize : environment.size(split);
    const indices: number[] = [];
    for (let index = 0; indices.length < wanted && index < environment.size(split); index++) {
      const { prompt } = environment.task(split, index);
      if (typeof prompt === 'string' && first.includes(prompt[0])) indices.push(index);
    }
    kept.set(split, indices);
    return indices;
  };
  return {
    ...environment,
    size: (split) => indicesOf(split).length,
    task(split, index) {
      const at = indicesOf(split)[index];
      if (at !== undefined) return environment.task(split, at);
      throw new RangeError(
        `environment ${environment.name}: ${split} task ${index}, expected an integer from 0 below ${indicesOf(split).length}`,
      );
    },
  };
}
