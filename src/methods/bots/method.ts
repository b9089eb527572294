/** BOTS: GRPO on tasks that a Bayesian belief of every task's success rate selects, fed with attempts and predictions. */
import { z } from 'zod';
import {
  bayesian,
  type Curriculum,
  easiestFirst,
  interpolation,
  type Json,
  type ReferenceRates,
  uniform,
} from '../../curricula/index.ts';
import { defineMethod, type MethodContext, type MethodInstance } from '../../training/index.ts';
import { grpo, grpoConfig } from '../grpo/method.ts';
import { samplingOf } from '../shared/collect.ts';
import { referenceOptions, referenceRates } from './references.ts';

const share = z.number().min(0).max(1);

export const botsConfig = z.strictObject({
  ...grpoConfig.shape,
  /** `bayesian` is BOTS; `uniform` and `easiest-first` are what it is compared with. */
  selection: z.enum(['bayesian', 'uniform', 'easiest-first']).default('bayesian'),
  /** The first so many training tasks are selected from; all of them unless given. */
  pool: z.int().min(1).optional(),
  /** λ: 0 keeps all evidence, 1 only the latest step's. */
  forgetting: share.default(0.1),
  /** ρ: how much predicted success rates count for tasks that were not attempted; 0: no references are needed. */
  implicitWeight: share.default(0.1),
  /** Halve ρ in a step whose predictions are off by at least this on average; absent: never. */
  adaptAbove: share.optional(),
  /** p*: the success rate that teaches most. */
  target: share.default(0.5),
  /** Draw each rate from what is believed of it, or take the mean. */
  choose: z.enum(['thompson', 'greedy']).default('thompson'),
  /** τ: 0 takes the best tasks; above, tasks are drawn by softmax(utility / τ). */
  selectionTemperature: z.number().min(0).default(0),
  /** a and b of Beta(a, b) before anything is known. */
  prior: z.number().min(1).default(1),
  /** γ: weight of the past in the model's position between the references. */
  momentum: z.number().min(0).lt(1).default(0.9),
  /** The position stays where the references' mean rates on a step's tasks differ by less. */
  minGap: share.default(0.02),
  ...referenceOptions,
});

export type BotsConfig = z.output<typeof botsConfig>;

/** A selector of tasks, and its figures. */
interface Selector {
  curriculum: Curriculum;
  metrics(): Record<string, number>;
}

/** Number of tasks to select from. Throws where the training tasks have no end and no `pool` is given. */
function poolSize({ pool }: BotsConfig, { environment }: MethodContext): number {
  const size = environment.size('train');
  if (pool === undefined && size === Infinity)
    throw new Error(`bots: ${environment.name} has no end of training tasks, expected pool to say how many`);
  return Math.min(size, pool ?? size);
}

function selectorOf(
  config: BotsConfig,
  { seed, stage }: MethodContext,
  size: number,
  rates: ReferenceRates | undefined,
): Selector {
  const none = () => ({});
  if (config.selection === 'uniform')
    return { curriculum: uniform(size, seed, 'tasks', stage), metrics: none };
  if (config.selection === 'easiest-first') {
    const middle = (rates?.weak ?? []).map((rate, k) => (rate + (rates?.strong[k] ?? 0)) / 2);
    return { curriculum: easiestFirst(middle), metrics: none };
  }
  const { forgetting, implicitWeight, adaptAbove, target, choose, prior, momentum, minGap } = config;
  const temperature = config.selectionTemperature;
  const curriculum = bayesian(
    size,
    { forgetting, prior, implicitWeight, adaptAbove, target, choose, temperature },
    rates && interpolation(rates, { momentum, minGap }),
    seed,
    'tasks',
    stage,
  );
  return { curriculum, metrics: curriculum.metrics };
}

/** GRPO with a selector of its own, made at the first step: only then may reference models be measured. */
function selecting(config: BotsConfig, context: MethodContext): MethodInstance {
  const size = poolSize(config, context);
  const needsRates =
    config.selection === 'easiest-first' || (config.selection === 'bayesian' && config.implicitWeight > 0);
  let rates: ReferenceRates | undefined;
  let restored: Json = null;
  let work: { selector: Selector; inner: MethodInstance } | undefined;
  return {
    async step(step) {
      if (work === undefined) {
        const tasks = () => Array.from({ length: size }, (_, k) => context.environment.task('train', k));
        if (needsRates)
          rates ??= await referenceRates(tasks(), config, samplingOf(context, config), context, step);
        const selector = selectorOf(config, context, size, rates);
        if (restored !== null) selector.curriculum.restore(restored);
        const { curriculum } = selector;
        work = { selector, inner: grpo.create(config, { ...context, curriculum }) };
      }
      const made = await work.inner.step(step);
      const figures = Object.entries(work.selector.metrics()).map(([name, x]) => [`selection.${name}`, x]);
      return { ...made, metrics: { ...made.metrics, ...Object.fromEntries(figures) } };
    },
    state: (): Json => ({
      tasks: work?.selector.curriculum.state() ?? restored,
      rates: rates === undefined ? null : { weak: [...rates.weak], strong: [...rates.strong] },
    }),
    restore(state) {
      const known = state as { tasks?: Json; rates?: ReferenceRates | null } | null;
      restored = known?.tasks ?? null;
      rates = known?.rates ?? undefined;
      work = undefined;
    },
  };
}

/** The stage's own `curriculum` has no part in it: tasks are selected anew at every step, and there are no epochs. */
export const bots = defineMethod({
  name: 'bots',
  title: 'GRPO with Bayesian online task selection',
  paper: {
    title: 'BOTS: A Unified Framework for Bayesian Online Task Selection in LLM Reinforcement Finetuning',
    year: 2025,
    source: 'arXiv 2510.26374',
  },
  config: botsConfig,
  modelKeys: ['referenceModels.weak', 'referenceModels.strong'],
  needs: (config) => grpo.needs(config),
  create: selecting,
});
