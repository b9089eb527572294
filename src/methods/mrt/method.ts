/** MRT: GRPO with a bonus for the progress that each episode of the thinking makes towards a right answer. */
import { z } from 'zod';
import { defineMethod } from '../../training/index.ts';
import { grpoConfig, grpoObjective } from '../grpo/method.ts';
import { creditTrajectories } from '../shared/credit.ts';
import { needsReference } from '../shared/options.ts';
import { policyGradient } from '../shared/policy-gradient.ts';
import { addBranchBonus, type Branched, collectBranches } from './branch-bonus.ts';
import { addEpisodeBonus } from './episode-bonus.ts';
import { episodeOptions } from './options.ts';

export const mrtPaper = {
  title: 'Optimizing Test-Time Compute via Meta Reinforcement Fine-Tuning',
  year: 2025,
  source: 'arXiv 2503.07572',
};

export const mrtConfig = z.strictObject({
  ...grpoConfig.shape,
  ...episodeOptions,
  /** Weight of the progress bonus beside the outcome; 0 only measures progress. */
  alpha: z.number().min(0).default(1),
  /**
   * `episodes`: forced answers at every boundary of every rollout, each episode credited with its own progress.
   * `branches`: rollouts that think on from one random prefix a task, against rollouts made to answer there.
   */
  bonus: z.enum(['episodes', 'branches']).default('episodes'),
  /** With `episodes`: what progress is divided by: its deviation in the group, or nothing. */
  normaliseProgress: z.enum(['std', 'none']).default('std'),
  /**
   * With `episodes`: compare progress with that of the group's episodes, so that an episode which brings nothing is
   * discouraged. Else it is credited as it is, and such an episode gets nothing.
   */
  centreProgress: z.boolean().default(true),
  /** With `branches`: rollouts of each kind from a prefix. */
  branches: z
    .strictObject({ stop: z.int().min(1).default(4), continue: z.int().min(1).default(4) })
    .prefault({}),
});

/**
 * J_MRT(π) = E[r(x, y)] + α · E[Σ_j r_prg^μ(z_j; c_{j-1})], with r_prg^μ(z_j; c) = J_r(μ(·|c, z_j)) - J_r(μ(·|c)), where μ
 * is the model itself forced to answer (Qu et al. 2025, §5). The first term is GRPO as it is; the second adds to its
 * advantages, both standardised for themselves.
 */
export const mrt = defineMethod({
  name: 'mrt',
  title: 'Meta reinforcement fine-tuning: GRPO with a progress bonus',
  paper: mrtPaper,
  config: mrtConfig,
  needs: (config) => ({ reference: needsReference(config) }),
  create(config, context) {
    let branched: Branched | undefined;
    const instance = policyGradient(config, context, {
      objective: grpoObjective(config),
      ...(config.bonus === 'branches' && {
        async collect(step) {
          branched = await collectBranches(config, context, step);
          return branched;
        },
      }),
      async credit(attempts, rewards, step) {
        creditTrajectories(attempts, rewards, { name: 'group', normalise: config.normalise });
        return branched === undefined
          ? await addEpisodeBonus(attempts, config, context, step)
          : addBranchBonus(attempts, branched, config.alpha);
      },
    });
    return {
      ...instance,
      /** Figures of the step and its record are those of the full rollouts. */
      async step(step) {
        const made = await instance.step(step);
        const full = branched?.full;
        return { ...made, groups: made.groups?.slice(0, full), advantages: made.advantages?.slice(0, full) };
      },
    };
  },
});
