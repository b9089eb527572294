/** RIF-RFT: GRPO on those tasks that the model, as it enters the stage, is found able to learn from. */
import { z } from 'zod';
import { type Curriculum, type Json, shuffled, subset } from '../../curricula/index.ts';
import { rng } from '../../random/index.ts';
import {
  defineMethod,
  type MethodContext,
  type MethodInstance,
  type StepContext,
} from '../../training/index.ts';
import { grpo, grpoConfig } from '../grpo/method.ts';
import { samplingOf } from '../shared/collect.ts';
import { successRates } from '../shared/success-rates.ts';

export const filterOptions = z
  .strictObject({
    /** N: rollouts a task before the stage begins. */
    samples: z.int().min(1).default(8),
    /** Tasks whose pass rate is at most this are dropped: 0 drops those that no rollout solved. */
    above: z.number().min(0).max(1).default(0),
    /** Tasks whose pass rate is above this are dropped: 1 drops none, 0.99 those that every rollout solved. */
    atMost: z.number().min(0).max(1).default(1),
    /** Scores of at least this pass. */
    passThreshold: z.number().gt(0).max(1).default(1),
    /** The first so many training tasks are tried; all of them unless given. */
    pool: z.int().min(1).optional(),
    /** `random` keeps as many tasks, but any: what filtering is compared with. */
    choose: z.enum(['by-pass-rate', 'random']).default('by-pass-rate'),
  })
  .refine(({ above, atMost }) => above < atMost, 'expected above to be less than atMost');

export const rifRftConfig = z.strictObject({ ...grpoConfig.shape, filter: filterOptions.prefault({}) });

type FilterConfig = z.output<typeof filterOptions>;

/** Tasks with above < pass rate <= atMost, by index. */
export function learnable(
  rates: readonly number[],
  { above, atMost }: Pick<FilterConfig, 'above' | 'atMost'>,
): number[] {
  return rates.flatMap((rate, index) => (rate > above && rate <= atMost ? [index] : []));
}

/** What the filter found, as it is remembered. */
interface Filtered {
  rates: number[];
  kept: number[];
}

function poolSize({ pool }: FilterConfig, { environment }: MethodContext): number {
  const size = environment.size('train');
  if (pool === undefined && size === Infinity)
    throw new Error(
      `rif-rft: ${environment.name} has no end of training tasks, expected filter.pool to say how many`,
    );
  return Math.min(size, pool ?? size);
}

/** Tries every task of the pool with the present weights. Throws an Error where no task is kept. */
async function filterTasks(
  config: z.output<typeof rifRftConfig>,
  context: MethodContext,
  size: number,
  { signal, onTokens, onTime }: StepContext,
): Promise<Filtered & { tokens: number }> {
  const { samples, passThreshold, choose, above, atMost } = config.filter;
  const { engine, tokenizer, environment, seed, stage } = context;
  const { rates, tokens } = await successRates({
    engine,
    tokenizer,
    grader: environment.grader,
    tasks: Array.from({ length: size }, (_, index) => environment.task('train', index)),
    samples,
    sampling: samplingOf(context, config),
    passThreshold,
    seed,
    path: ['filter', stage],
    signal,
    onTokens,
    onTime,
  });
  const found = learnable(rates, config.filter);
  if (found.length === 0)
    throw new Error(
      `rif-rft: none of ${size} tasks has a pass rate above ${above} and at most ${atMost} in ${samples} rollouts; start from a model that is right now and then, or change filter.above and filter.atMost`,
    );
  if (choose === 'by-pass-rate') return { rates, kept: found, tokens };
  const order = rng(seed, 'filter', stage, 'random').shuffle(rates.map((_, index) => index));
  return { rates, kept: order.slice(0, found.length).sort((i, j) => i - j), tokens };
}

const mean = (values: readonly number[]) => values.reduce((sum, x) => sum + x, 0) / values.length;

/** GRPO over the tasks that were kept; the filter runs once, at the stage's first step. */
function filtering(config: z.output<typeof rifRftConfig>, context: MethodContext): MethodInstance {
  const { filter: _, ...policy } = config;
  const size = poolSize(config.filter, context);
  let filtered: Filtered | undefined;
  let restored: Json = null;
  let work: { curriculum: Curriculum; inner: MethodInstance } | undefined;
  return {
    async step(step) {
      const metrics: Record<string, number> = {};
      if (filtered === undefined) {
        const { tokens, ...found } = await filterTasks(config, context, size, step);
        filtered = found;
        metrics['filter.kept'] = found.kept.length;
        metrics['filter.share'] = found.kept.length / size;
        metrics['filter.passRate'] = mean(found.rates);
        metrics['filter.tokens'] = tokens;
      }
      if (work === undefined) {
        const { seed, stage } = context;
        const { kept } = filtered;
        const curriculum = subset(kept, shuffled(kept.length, seed, 'filtered tasks', stage));
        if (restored !== null) curriculum.restore(restored);
        work = { curriculum, inner: grpo.create(policy, { ...context, curriculum }) };
      }
      const made = await work.inner.step(step);
      return { ...made, metrics: { ...made.metrics, ...metrics } };
    },
    state: (): Json => ({
      filtered: filtered === undefined ? null : { ...filtered },
      tasks: work?.curriculum.state() ?? restored,
    }),
    restore(state) {
      const known = state as { filtered?: Filtered | null; tasks?: Json } | null;
      filtered = known?.filtered ?? undefined;
      restored = known?.tasks ?? null;
      work = undefined;
    },
  };
}

/**
 * Before the stage's first step, every task is tried N times by the weights that enter the stage; those that it never solves
 * (and, if wanted, those that it always solves) are dropped. What follows is GRPO on the rest; nothing is filtered
 * again. The stage's own `curriculum` has no part in it: the kept tasks come in a shuffled order, again and again.
 */
export const rifRft = defineMethod({
  name: 'rif-rft',
  title: 'GRPO on tasks that a rollout-based filter found learnable',
  paper: {
    title: 'Reinforcement Fine-Tuning Naturally Mitigates Forgetting in Continual Post-Training',
    year: 2025,
    source: 'arXiv 2507.05386',
  },
  config: rifRftConfig,
  defaults: { kl: { coefficient: 0.01 } },
  needs: (config) => grpo.needs(config),
  create: filtering,
});
