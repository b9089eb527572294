/** Online DPO: the pairs are the best and the worst of the model's own attempts, labelled by the grader. */
import { z } from 'zod';
import type { Json } from '../../curricula/index.ts';
import { preference, preferenceOptions } from '../../objectives/index.ts';
import { rng } from '../../random/index.ts';
import { defineMethod } from '../../training/index.ts';
import { collectGroups } from '../shared/collect.ts';
import { rolloutOptions } from '../shared/options.ts';
import { type Pair, pairOfGroup, preferenceStep } from './pairs.ts';

const { overlong: _, overlongBuffer: __, ...rollout } = rolloutOptions;

export const onlineDpoConfig = z.strictObject({
  ...rollout,
  ...preferenceOptions.shape,
  /** The best attempt of a group must score higher than the worst by more than this to make a pair. */
  minGap: z.number().min(0).max(1).default(0),
  /** Gradient steps on each collection of pairs: 1 is on policy, the first collection for the whole stage is offline. */
  reuse: z.int().min(1).default(1),
  /** Pairs a gradient step, drawn from the collection; all of them unless given. */
  batchSize: z.int().min(1).optional(),
});

/**
 * Every `reuse` steps the present weights make a new collection: `groupSize` attempts at each of `promptsPerStep` tasks, of which
 * the best and the worst are a pair. Every step is one gradient step of DPO on the collection. The reference stays the model
 * at the start of the stage.
 */
export const onlineDpo = defineMethod({
  name: 'online-dpo',
  title: "Direct preference optimisation on pairs of the model's own attempts",
  paper: {
    title: 'Preference Fine-Tuning of LLMs Should Leverage Suboptimal, On-Policy Data',
    year: 2024,
    source: 'arXiv 2404.14367',
  },
  config: onlineDpoConfig,
  needs: () => ({ reference: true }),
  create(config, context) {
    const { loss, beta, minGap, reuse, batchSize } = config;
    const { seed, stage } = context;
    const objective = preference({ loss, beta });
    let pairs: Pair[] = [];
    return {
      async step(step) {
        const isNew = (step.stageStep - 1) % reuse === 0;
        const collected = isNew
          ? await collectGroups(context, step, { ...config, overlong: 'keep' })
          : undefined;
        if (collected)
          pairs = collected.groups.flatMap((group, i) => {
            const pair = collected.kept[i] ? pairOfGroup(group, minGap) : undefined;
            return pair === undefined ? [] : [pair];
          });
        const chosen =
          batchSize === undefined || batchSize >= pairs.length
            ? pairs
            : rng(seed, 'pairs', stage, step.step).shuffle(pairs).slice(0, batchSize);
        const made = await preferenceStep(chosen, objective, context, step);
        return { ...made, groups: collected?.groups };
      },
      state: () => pairs as unknown as Json,
      restore(state) {
        pairs = state as unknown as Pair[];
      },
    };
  },
});
