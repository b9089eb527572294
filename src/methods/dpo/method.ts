/** DPO: learn from pairs of completions, of which one is better, without a reward and without sampling. */
import { z } from 'zod';
import { preference, preferenceOptions } from '../../objectives/index.ts';
import { defineMethod } from '../../training/index.ts';
import { pairOfTask, preferenceStep } from './pairs.ts';

export const dpoConfig = z.strictObject({
  ...preferenceOptions.shape,
  /** Pairs a step. */
  batchSize: z.int().min(1).default(32),
  /** Pairs of which a side is longer than this (prompt and completion, tokens) are left out and counted. */
  maxLength: z.int().min(2).optional(),
});

/** The reference is the model at the start of the stage. With `loss: ipo` it is IPO. */
export const dpo = defineMethod({
  name: 'dpo',
  title: 'Direct preference optimisation',
  paper: {
    title: 'Direct Preference Optimization: Your Language Model is Secretly a Reward Model',
    year: 2023,
    source: 'arXiv 2305.18290',
  },
  config: dpoConfig,
  needs: () => ({ reference: true }),
  create({ loss, beta, batchSize, maxLength = Infinity }, context) {
    const { curriculum, environment, tokenizer } = context;
    const objective = preference({ loss, beta });
    return {
      async step(step) {
        step.signal.throwIfAborted();
        const indices = curriculum.next(batchSize, step.step);
        const all = indices.map((index) => pairOfTask(environment.task('train', index), tokenizer));
        const pairs = all.filter(
          ({ chosen, rejected }) => Math.max(chosen.tokens.length, rejected.tokens.length) <= maxLength,
        );
        const { updates, metrics } = await preferenceStep(pairs, objective, context, step);
        return { updates, metrics: { ...metrics, 'examples.skipped': all.length - pairs.length } };
      },
      stepsForEpochs(epochs) {
        const size = environment.size('train');
        if (size === Infinity)
          throw new Error(
            `epochs is ${epochs}, but ${environment.name} has no end; expected steps or seconds`,
          );
        return Math.ceil((epochs * size) / batchSize);
      },
      state: () => null,
      restore: () => undefined,
    };
  },
});
