/** NFT: learn from right answers by likelihood, and from wrong ones through the negative policy that the model implies. */
import { z } from 'zod';
import { nft as nftObjective, nftOptions } from '../../objectives/index.ts';
import { defineMethod } from '../../training/index.ts';
import type { Trajectory } from '../../types/index.ts';
import { collectGroups } from '../shared/collect.ts';
import { creditTrajectories } from '../shared/credit.ts';
import { regulariserOptions, regularisersOf, rolloutOptions, updateOptions } from '../shared/options.ts';
import { policyGradient } from '../shared/policy-gradient.ts';

const { overlong: _, overlongBuffer: __, ...rollout } = rolloutOptions;
const { questionWeight, negativeWeight, floor } = nftOptions.shape;
const regularisers = z.strictObject(regulariserOptions);

export const nftConfig = z.strictObject({
  ...rollout,
  ...updateOptions,
  questionWeight,
  negativeWeight,
  floor,
  /** Scores of at least this are right, all others wrong. */
  passThreshold: z.number().gt(0).max(1).default(1),
  reportEntropy: regulariserOptions.reportEntropy,
});

/** 1 for a right answer, 0 for a wrong one; an answer cut at the token limit is wrong. Undefined where grading failed. */
export function outcomeOf({ grade, finishReason }: Trajectory, passThreshold: number): 0 | 1 | undefined {
  if (grade.status === 'failed') return undefined;
  return grade.score >= passThreshold && finishReason === 'stop' ? 1 : 0;
}

/**
 * Groups are sampled, graded right or wrong, and dropped where all agree (in whose place others are sampled). The group's
 * success rate r̂ is taken over the whole group; the objective reads it from the advantages r - r̂. The step's answers are
 * split into minibatches: with a single one, NFT is Dr. GRPO.
 */
export const nft = defineMethod({
  name: 'nft',
  title: 'Negative-aware fine-tuning',
  paper: {
    title: 'Bridging Supervised Learning and Reinforcement Learning in Math Reasoning',
    year: 2025,
    source: 'arXiv 2505.18116',
  },
  config: nftConfig,
  defaults: { aggregation: 'token-mean', minibatches: 4, dynamicSampling: true, maxResamples: 10 },
  create(config, context) {
    const { questionWeight, negativeWeight, floor, passThreshold, reportEntropy } = config;
    const regulariser = regularisers.parse({ reportEntropy });
    const options = { questionWeight, negativeWeight, floor, ...regularisersOf(regulariser) };
    const policy = { ...config, ...regulariser, overlong: 'keep' as const };
    const outcome = (trajectory: Trajectory) => outcomeOf(trajectory, passThreshold);
    return policyGradient(policy, context, {
      objective: nftObjective(options),
      collect: (step) => collectGroups(context, step, policy, outcome),
      credit(attempts) {
        const rewards = attempts.map(({ trajectory }) => {
          const reward = outcome(trajectory);
          return reward === undefined ? undefined : [reward];
        });
        creditTrajectories(attempts, rewards, { name: 'group', normalise: 'none' });
        return {};
      },
    });
  },
});
