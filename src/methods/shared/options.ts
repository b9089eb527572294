/** Options that methods share, by name. */
import { z } from 'zod';
import { aggregation, klEstimator } from '../../objectives/index.ts';

const count = z.int().min(1);

/** How attempts are gathered. */
export const rolloutOptions = {
  /** Tasks a step. */
  promptsPerStep: count.default(16),
  /** Attempts a task. */
  groupSize: count.default(8),
  /** Instead of the recipe's sampling temperature. */
  temperature: z.number().gt(0).optional(),
  /** Instead of the recipe's token limit. */
  maxTokens: count.optional(),
  /** Sample other tasks in place of groups whose attempts all scored the same (Yu et al. 2025, "DAPO", §3.2). */
  dynamicSampling: z.boolean().default(false),
  /** Most further rounds of sampling for that in a step; what is still missing then is left out. */
  maxResamples: z.int().min(0).default(3),
  /**
   * Attempts cut at the token limit: `keep` their score; `mask` them out of the loss ("overlong filtering", DAPO §3.4);
   * `penalty`: take up to 1 off the score over the last `overlongBuffer` tokens before the limit ("soft overlong
   * punishment", DAPO eq. 13).
   */
  overlong: z.enum(['keep', 'mask', 'penalty']).default('keep'),
  /** Tokens before the limit over which the penalty grows; a fifth of the limit unless given. */
  overlongBuffer: count.optional(),
};

/** How a policy is held near its start and kept curious. */
export const regulariserOptions = {
  kl: z
    .strictObject({
      /** 0: no reference and no KL, unless it is to be reported. */
      coefficient: z.number().min(0).default(0),
      estimator: klEstimator.default('k3'),
      /** In the loss, or taken off the rewards. */
      where: z.enum(['loss', 'reward']).default('loss'),
      /** In the loss: multiply by the importance ratio, so that the gradient is unbiased off policy. */
      importanceWeighted: z.boolean().default(false),
      /** Report the KL also where the coefficient is 0, at the cost of a frozen copy and a forward pass of it. */
      report: z.boolean().optional(),
    })
    .prefault({}),
  entropyBonus: z.number().min(0).default(0),
  /** Report the exact entropy at the cost of one more pass over the vocabulary; else it is estimated from the samples. */
  reportEntropy: z.boolean().default(false),
};

/** How a step's attempts become gradient steps. */
export const updateOptions = {
  /** How per-token losses become one number; see `lossWeights`. */
  aggregation: aggregation.default('sequence-mean'),
  /** Parts that a step's attempts are split into, each with a gradient step. */
  minibatches: count.default(1),
  /** Passes over a step's attempts. */
  updateEpochs: count.default(1),
  /**
   * Where the ratio's denominator comes from: as `sampled`, or `recomputed` by the trainer's own forward pass; `auto`:
   * sampled while a step has a single update (the two agree), recomputed otherwise.
   */
  oldLogprobs: z.enum(['auto', 'sampled', 'recomputed']).default('auto'),
};

export type RolloutConfig = z.output<z.ZodObject<typeof rolloutOptions>>;
export type RegulariserConfig = z.output<z.ZodObject<typeof regulariserOptions>>;
export type UpdateConfig = z.output<z.ZodObject<typeof updateOptions>>;

/** Whether a frozen reference is needed. */
export function needsReference({ kl }: RegulariserConfig): boolean {
  return kl.coefficient > 0 || kl.report === true;
}

/** Where the KL acts; undefined where it does not, or is only reported. */
export function klPlace({ kl }: RegulariserConfig): 'loss' | 'reward' | undefined {
  return kl.coefficient > 0 ? kl.where : undefined;
}

/** The regularisers as the objectives name them. */
export function regularisersOf(config: RegulariserConfig) {
  const { kl, entropyBonus, reportEntropy } = config;
  return {
    kl:
      klPlace(config) === 'loss'
        ? {
            estimator: kl.estimator,
            coefficient: kl.coefficient,
            importanceWeighted: kl.importanceWeighted,
          }
        : undefined,
    entropyCoefficient: entropyBonus,
    reportEntropy,
  };
}
