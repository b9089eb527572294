/** Best-of-N imitation: of N attempts at each task, imitate the best one. */
import { z } from 'zod';
import { defineMethod } from '../../training/index.ts';
import { ranked } from '../dpo/pairs.ts';
import { collectGroups } from '../shared/collect.ts';
import { imitationUpdates } from '../shared/imitation.ts';
import { rolloutOptions, updateOptions } from '../shared/options.ts';

const { overlong: _, overlongBuffer: __, ...rollout } = rolloutOptions;

export const bestOfNConfig = z.strictObject({
  ...rollout,
  aggregation: updateOptions.aggregation.unwrap().default('token-mean'),
  /** Sequences an update; all of a step's unless given. */
  batchSize: z.int().min(1).optional(),
  /** Passes over a step's sequences. */
  updateEpochs: updateOptions.updateEpochs,
});

/**
 * A step is a round: N = `groupSize` attempts at each task, then maximum likelihood on the best of each group, for as many
 * passes as `updateEpochs` says. Nothing is pushed down: what the paper compares losses with a negative gradient to. Groups
 * whose attempts all score the same are imitated too, unless `dynamicSampling` replaces them.
 */
export const bestOfN = defineMethod({
  name: 'best-of-n',
  title: 'Imitation of the best of N attempts',
  paper: {
    title: 'Preference Fine-Tuning of LLMs Should Leverage Suboptimal, On-Policy Data',
    year: 2024,
    source: 'arXiv 2404.14367',
  },
  config: bestOfNConfig,
  create(config, context) {
    const { seed, stage } = context;
    return {
      async step(step) {
        const { groups, kept } = await collectGroups(context, step, { ...config, overlong: 'keep' });
        const best = groups.flatMap((group, i) => {
          const [first] = kept[i] ? ranked(group) : [];
          return first === undefined ? [] : [first];
        });
        const chosen = best.map(({ trajectory: { tokens, promptLength } }) => ({
          tokens,
          promptLength,
          truncated: false,
        }));
        const { aggregation, updateEpochs, batchSize = Math.max(1, chosen.length) } = config;
        const options = { aggregation, updateEpochs, batchSize };
        const mean = best.reduce((sum, { score }) => sum + score, 0) / Math.max(1, best.length);
        return {
          updates: imitationUpdates(chosen, options, [seed, 'imitate', stage, step.step]),
          groups,
          metrics: { examples: chosen.length, 'examples.score': mean },
        };
      },
      state: () => null,
      restore: () => undefined,
    };
  },
});
