/** The STaR-like variant of MRT: imitate those of one's own rollouts that end right and made the most progress. */
import { z } from 'zod';
import { anytimeTraces } from '../../rollout/index.ts';
import { defineMethod, definePreset } from '../../training/index.ts';
import { collectGroups } from '../shared/collect.ts';
import { imitationUpdates, rightOnes, type Selection } from '../shared/imitation.ts';
import { rolloutOptions, updateOptions } from '../shared/options.ts';
import { mrtPaper } from './method.ts';
import { episodeOptions, marksOf, proverOptions } from './options.ts';
import { bestByProgress } from './selection.ts';

export const mrtStarConfig = z.strictObject({
  ...rolloutOptions,
  ...episodeOptions,
  /** `progress`: of each task the one with the most progress among those that end right; `outcome`: all that end right. */
  selection: z.enum(['progress', 'outcome']).default('progress'),
  /** With `progress`: rollouts cut at a boundary and answered rightly by force may be chosen too. */
  truncate: z.boolean().default(true),
  /** A score of at least this is right. */
  passThreshold: z.number().gt(0).max(1).default(1),
  aggregation: updateOptions.aggregation.unwrap().default('token-mean'),
  /** Sequences an update. */
  batchSize: z.int().min(1).default(32),
  /** Passes over what was chosen. */
  updateEpochs: z.int().min(1).default(2),
});

/**
 * One step is a round: sample rollouts, estimate J_r(μ(·|c_j)) at every boundary by forced answers, keep of each task the
 * rollout that ends right and has the largest Σ_j r_prg = J(end) - J(start), train on what was kept. Qu et al. 2025, §5.2.
 */
export const mrtStar = defineMethod({
  name: 'mrt-star',
  title: 'Meta reinforcement fine-tuning, STaR-like: imitate the rollouts that make the most progress',
  paper: mrtPaper,
  config: mrtStarConfig,
  create(config, context) {
    return {
      async step(step) {
        const collected = await collectGroups(context, step, config);
        const groups = collected.groups.filter((_, i) => collected.kept[i]);
        const metrics: Record<string, number> = {};
        let chosen: Selection[];
        if (config.selection === 'outcome') {
          chosen = groups.flatMap(({ trajectories }) => rightOnes(trajectories, config.passThreshold));
        } else {
          const all = groups.flatMap(({ trajectories }) => trajectories);
          const { passThreshold } = config;
          const options = { ...proverOptions(config, context, step), passThreshold };
          const { traces, sampled, ended } = await anytimeTraces(all, marksOf(config), options);
          let next = 0;
          chosen = groups.flatMap(({ trajectories }) => {
            const own = traces.slice(next, next + trajectories.length);
            next += trajectories.length;
            const best = bestByProgress(own, config);
            return best === undefined ? [] : [best];
          });
          metrics['tokens.forced'] = sampled;
          metrics['forced.ended'] = ended;
          metrics['examples.truncated'] = chosen.filter(({ truncated }) => truncated).length;
        }
        metrics.examples = chosen.length;
        const { seed, stage } = context;
        return {
          updates: imitationUpdates(chosen, config, [seed, 'imitate', stage, step.step]),
          groups: collected.groups,
          metrics,
        };
      },
      state: () => null,
      restore: () => undefined,
    };
  },
});

/** Rejection-sampling self-training on the outcome alone. */
export const star = definePreset(mrtStar, {
  name: 'star',
  title: 'STaR: imitate the rollouts that end right',
  paper: { title: 'STaR: Bootstrapping Reasoning With Reasoning', year: 2022, source: 'arXiv 2203.14465' },
  defaults: { selection: 'outcome' },
});
