/** Self-rewarding PPO: after supervised training, go on towards what that training made likelier, on prompts without answers. */
import { z } from 'zod';
import { grpo, logRatioOptions, logRatioReward, ppoClip } from '../../objectives/index.ts';
import { defineMethod, type MethodContext } from '../../training/index.ts';
import type { Attempt } from '../shared/attempts.ts';
import { creditTrajectories } from '../shared/credit.ts';
import { creditTokens, criticOptions } from '../shared/critic.ts';
import { regulariserOptions, regularisersOf, rolloutOptions, updateOptions } from '../shared/options.ts';
import { policyGradient } from '../shared/policy-gradient.ts';

const { promptsPerStep, groupSize, temperature, maxTokens } = rolloutOptions;
const { entropyBonus, reportEntropy } = regulariserOptions;

export const selfRewardingPpoConfig = z.strictObject({
  /** Folder of the model as it was before supervised training. The stage itself starts from the one after it. */
  base: z.string().min(1),
  promptsPerStep,
  groupSize,
  temperature,
  maxTokens,
  /** Attempts cut at the token limit: `keep` them, with the reward of what is there; `mask` them out of the loss. */
  overlong: z.enum(['keep', 'mask']).default('keep'),
  ...updateOptions,
  ...logRatioOptions.shape,
  /** β: weight of log π - log π_ref, taken off the reward of each token. */
  klCoefficient: z.number().min(0).default(3),
  /** π_ref: the model after supervised training, or the one before. */
  klReference: z.enum(['supervised', 'base']).default('supervised'),
  entropyBonus,
  reportEntropy,
  /** Where advantages come from: a value head, or the other attempts at the same prompt. */
  credit: z.enum(['critic', 'group']).default('critic'),
  ...criticOptions,
  valueCoefficient: z.number().min(0).default(0.5),
  /** With credit `group`: what centred rewards are divided by. */
  normalise: z.enum(['std', 'batch-std', 'none']).default('std'),
  clipLow: z.number().min(0).max(1).default(0.2),
  clipHigh: z.number().min(0).default(0.2),
});

type Config = z.output<typeof selfRewardingPpoConfig>;

/** Tokens that the base finds less likely than this (nats) may be rewarded for being odd, not for being good. */
const IMPROBABLE = -10;

/** Scores the attempts with both frozen models, and sets their rewards and the log-probabilities that the KL is taken to. */
async function appraise(
  config: Config,
  { reference: supervised, models }: MethodContext,
  attempts: readonly Attempt[],
): Promise<Record<string, number>> {
  const base = models?.base;
  if (supervised === undefined || base === undefined)
    throw new Error('self-rewarding-ppo: the context has no reference or no model named base');
  if (attempts.length === 0) return {};
  const sequences = attempts.map(({ trajectory }) => trajectory.tokens);
  const [towards, from] = [await supervised.forward(sequences), await base.forward(sequences)];
  let [reward, drift, improbable, tokens] = [0, 0, 0, 0];
  attempts.forEach((attempt, i) => {
    const { lossMask: mask, logprobs, finishReason } = attempt.trajectory;
    const [after, before] = [towards.logprobs[i], from.logprobs[i]];
    attempt.reward = logRatioReward({ towards: after, from: before, mask }, config);
    attempt.counted = config.overlong === 'keep' || finishReason === 'stop';
    attempt.reference = config.klReference === 'base' ? before : after;
    reward += attempt.reward;
    mask.forEach((m, t) => {
      if (m === 0) return;
      tokens++;
      drift += logprobs[t] - after[t];
      if (before[t] < IMPROBABLE) improbable++;
    });
  });
  return {
    'self.reward': reward / attempts.length,
    'self.klPerAttempt': drift / attempts.length,
    'self.improbable': tokens === 0 ? 0 : improbable / tokens,
  };
}

function objectiveOf({ credit, clipLow, clipHigh, valueCoefficient, ...config }: Config) {
  // The KL is taken off the rewards: the loss has none.
  const regularisers = regularisersOf({ kl: kl(0), ...config });
  return credit === 'critic'
    ? ppoClip({ clipLow, clipHigh, valueCoefficient, ...regularisers })
    : grpo({ clipLow, clipHigh, ...regularisers });
}

/** A penalty on tokens' rewards, reported also where it is 0. */
const kl = (coefficient: number) => ({
  coefficient,
  estimator: 'k1' as const,
  where: 'reward' as const,
  importanceWeighted: false,
  report: true,
});

/**
 * Attempts are sampled, and scored by two frozen models: the one that the stage starts from, after supervised training on
 * demonstrations, and the one before that. The reward is by how much the first finds the attempt likelier; it comes at the last
 * token, less β (log π - log π_ref) at each. Grades are only reported: no answer is looked at.
 */
export const selfRewardingPpo = defineMethod({
  name: 'self-rewarding-ppo',
  title: 'Self-rewarding PPO',
  paper: {
    title: 'Self-Rewarding PPO: Aligning Large Language Models with Demonstrations Only',
    year: 2025,
    source: 'arXiv 2510.21090',
  },
  config: selfRewardingPpoConfig,
  defaults: { promptsPerStep: 32, groupSize: 4, aggregation: 'token-mean', minibatches: 2, updateEpochs: 2 },
  modelKeys: ['base'],
  needs: ({ base, credit }) => ({ reference: true, valueHead: credit === 'critic', models: { base } }),
  create(config, context) {
    const settings = { ...config, kl: kl(config.klCoefficient), dynamicSampling: false, maxResamples: 0 };
    return policyGradient(settings, context, {
      objective: objectiveOf(config),
      readsValues: config.credit === 'critic',
      appraise: (attempts) => appraise(config, context, attempts),
      credit(attempts, rewards) {
        if (config.credit === 'critic') return creditTokens(config, attempts, rewards);
        creditTrajectories(attempts, rewards, { name: 'group', normalise: config.normalise });
        return {};
      },
    });
  },
});
