/** One-token rollout: supervised training in which each next token is an episode of one sampled token with a reward. */
import { z } from 'zod';
import { oneTokenRollout, oneTokenRolloutOptions } from '../../objectives/index.ts';
import { oneTokenDraws } from '../../rollout/index.ts';
import {
  defineMethod,
  type MethodContext,
  type Row,
  rowsToBatch,
  type Update,
} from '../../training/index.ts';
import { updateOptions } from '../shared/options.ts';
import { exampleRows, supervised, supervisedConfig } from '../supervised/method.ts';

const { candidates, wrongReward } = oneTokenRolloutOptions.shape;

export const otrConfig = z.strictObject({
  ...supervisedConfig.shape,
  aggregation: updateOptions.aggregation,
  candidates,
  wrongReward,
  /** κ: candidates are drawn from the policy at this temperature. */
  temperature: z.number().gt(0).default(1),
  /** `exact` takes the expectation over the whole vocabulary instead of draws; for small vocabularies. */
  estimate: z.enum(['sampled', 'exact']).default('sampled'),
});

type OtrConfig = z.output<typeof otrConfig>;

/** Candidate tokens of a batch by draws from the present weights, and how many of them hit. */
async function sampledUpdate(
  rows: readonly Row[],
  { candidates: k, wrongReward: beta, temperature, aggregation, maxLength }: OtrConfig,
  { engine, tokenizer, seed, stage }: MethodContext,
  step: number,
): Promise<Update | undefined> {
  const drawn = await oneTokenDraws({
    engine,
    sequences: rows.map(({ tokens }) => tokens),
    mask: rows.map(({ mask }) => mask),
    vocabSize: tokenizer.vocabSize,
    candidates: k,
    temperature,
    seed,
    path: ['one token', stage, step],
  });
  const rewarded = rows.map((row, i) => ({ ...row, data: { hits: drawn.hits[i] } }));
  const batch = rowsToBatch(rewarded, { aggregation, maxLength });
  const objective = oneTokenRollout({ candidates: k, wrongReward: beta });
  return batch && { batch: { ...batch, candidates: drawn.candidates }, objective };
}

/** Every token of the vocabulary as a candidate; the objective weighs them. */
function exactUpdate(
  rows: readonly Row[],
  { wrongReward: beta, temperature, aggregation, maxLength }: OtrConfig,
  { tokenizer: { vocabSize } }: MethodContext,
): Update | undefined {
  const batch = rowsToBatch(rows, { aggregation, maxLength });
  const all = rows.map(({ tokens }) =>
    Int32Array.from({ length: tokens.length * vocabSize }, (_, i) => i % vocabSize),
  );
  const objective = oneTokenRollout({
    candidates: vocabSize,
    wrongReward: beta,
    expectationTemperature: temperature,
  });
  return batch && { batch: { ...batch, candidates: all }, objective };
}

/**
 * Reads worked completions as supervised training does. At each of their tokens the present policy draws K candidates (one forward
 * pass over what is there; nothing is generated); a candidate that is the token gets 1, any other β, and the policy gradient of
 * these rewards is the step. Tokens that the policy would say anyway are learned most, tokens it would never say not at all.
 */
export const otr = defineMethod({
  name: 'otr',
  title: 'One-token rollout: policy gradient on the tokens of worked completions',
  paper: {
    title: 'One-Token Rollout: Guiding Supervised Fine-Tuning of LLMs with Policy Gradient',
    year: 2025,
    source: 'arXiv 2509.26313',
  },
  config: otrConfig,
  create(config, context) {
    const { batchSize, maxLength, aggregation } = config;
    const { curriculum, environment, tokenizer } = context;
    return {
      ...supervised.create({ batchSize, maxLength, aggregation }, context),
      async step({ step, signal }) {
        signal.throwIfAborted();
        const tasks = curriculum.next(batchSize, step).map((index) => environment.task('train', index));
        const { rows, skipped } = exampleRows(tasks, tokenizer, maxLength);
        const update =
          config.estimate === 'exact'
            ? exactUpdate(rows, config, context)
            : await sampledUpdate(rows, config, context, step);
        return { updates: update === undefined ? [] : [update], metrics: { 'examples.skipped': skipped } };
      },
    };
  },
});
