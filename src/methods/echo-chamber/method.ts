/** Expert iteration: sample many answers, keep the right ones, imitate them from where the stage began, and again. */
import { z } from 'zod';
import { defineMethod } from '../../training/index.ts';
import { collectGroups } from '../shared/collect.ts';
import { distinctOnes, imitationUpdates, rightOnes } from '../shared/imitation.ts';
import { rolloutOptions, updateOptions } from '../shared/options.ts';

const { promptsPerStep, groupSize, temperature, maxTokens } = rolloutOptions;
/** Groups are taken as they come, and answers score what they score. */
const PLAIN = { dynamicSampling: false, maxResamples: 0, overlong: 'keep' } as const;

export const expertIterationConfig = z.strictObject({
  promptsPerStep,
  groupSize,
  temperature,
  maxTokens,
  /** Where each round's imitation begins: at the weights of the stage's `start`, or at the `latest`. */
  from: z.enum(['start', 'latest']).default('start'),
  /** Imitate an answer that was sampled several times once only. */
  distinct: z.boolean().default(true),
  /** Scores of at least this are right. */
  passThreshold: z.number().gt(0).max(1).default(1),
  aggregation: updateOptions.aggregation.unwrap().default('token-mean'),
  /** Answers an update. */
  batchSize: z.int().min(1).default(64),
  /** Passes over a round's answers. */
  updateEpochs: z.int().min(1).default(2),
});

/**
 * One step is a round: the present weights answer `promptsPerStep` questions `groupSize` times each; right answers are kept,
 * each once; the weights of the stage's start are trained on them, and answer the next round's questions. A round
 * without a right answer changes nothing. An answer cut at the token limit is never kept.
 */
export const expertIteration = defineMethod({
  name: 'expert-iteration',
  title: 'Expert iteration: imitate the right ones of many samples, each round from the same start',
  paper: {
    title: 'Echo Chamber: RL Post-training Amplifies Behaviors Learned in Pretraining',
    year: 2025,
    source: 'arXiv 2504.07912',
  },
  config: expertIterationConfig,
  defaults: { promptsPerStep: 128, groupSize: 64 },
  needs: ({ from }) => ({ start: from === 'start' }),
  create(config, context) {
    const { from, distinct, passThreshold } = config;
    return {
      async step(step) {
        const { groups } = await collectGroups(context, step, { ...config, ...PLAIN });
        const right = groups.flatMap(({ trajectories }) => rightOnes(trajectories, passThreshold));
        const chosen = distinct ? distinctOnes(right) : right;
        const path = [context.seed, 'imitate', context.stage, step.step] as const;
        return {
          updates: imitationUpdates(chosen, config, path),
          fromStart: from === 'start' && chosen.length > 0,
          groups,
          metrics: { examples: chosen.length, 'examples.repeated': right.length - chosen.length },
        };
      },
      state: () => null,
      restore: () => undefined,
    };
  },
});
