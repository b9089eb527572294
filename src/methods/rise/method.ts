/** RISE: attempts in turns, a better attempt at the last state that was reached, and regression weighted by reward. */
import { z } from 'zod';
import type { Json } from '../../curricula/index.ts';
import { reinforce } from '../../objectives/index.ts';
import { type Conversation, isRight, rolloutTurns } from '../../rollout/index.ts';
import {
  defineMethod,
  type MethodContext,
  type MethodStep,
  type StepContext,
  spread,
} from '../../training/index.ts';
import type { Trajectory } from '../../types/index.ts';
import { samplingOf } from '../shared/collect.ts';
import { passesOver } from '../shared/imitation.ts';
import { rolloutOptions, updateOptions } from '../shared/options.ts';
import { improve } from './improve.ts';
import { examplesOf, type RiseExample } from './records.ts';

const count = z.int().min(1);
const { temperature, maxTokens } = rolloutOptions;

export const riseConfig = z.strictObject({
  temperature,
  maxTokens,
  /** Tasks an iteration, which is one step. */
  promptsPerStep: count.default(256),
  /** Conversations a task. */
  groupSize: count.default(1),
  /** Most attempts of the model's own before the improved one. */
  turns: count.default(2),
  /** The first iteration has at most so many, each later one another, up to `turns`. */
  startTurns: count.default(1),
  /** Said after a wrong attempt; `{prompt}` stands for the task's text. */
  feedback: z.string().min(1).default('\nThat answer is wrong. Try again.\n{prompt}'),
  /** Earlier attempts that the model sees; all unless given. */
  window: count.optional(),
  /**
   * Where the improved attempt comes from: `self`, the best of `samples` attempts; `worked`, the task's worked completion, as
   * a stronger model or a person wrote it; `none`: there is none.
   */
  improvement: z.enum(['self', 'worked', 'none']).default('self'),
  samples: count.default(16),
  /** Attempts learned from after the first: all, those better than the one before, none worse than any before, right ones. */
  keep: z.enum(['all', 'better', 'best', 'success']).default('all'),
  /** τ of the weights exp((r - centre) / τ). */
  rewardTemperature: z.number().gt(0).default(0.4),
  /** `prompt`: rewards less their mean over the attempts at the task; `none`: as they are. */
  centre: z.enum(['none', 'prompt']).default('prompt'),
  /** Reward of attempts cut at the token limit. */
  cutReward: z.number().max(1).default(-1),
  passThreshold: z.number().gt(0).max(1).default(1),
  /** Learn from the examples of all iterations so far, or of the last alone. */
  aggregate: z.boolean().default(true),
  aggregation: updateOptions.aggregation,
  /** Examples an update. */
  batchSize: count.default(32),
  /** Passes over the examples of an iteration. */
  updateEpochs: count.default(2),
});

export type RiseConfig = z.output<typeof riseConfig>;

/** Conversations with their improved attempts, by task, and everything that was sampled for them. */
async function collect(config: RiseConfig, context: MethodContext, step: StepContext) {
  const { engine, tokenizer, environment, curriculum, seed, stage } = context;
  const { turns, startTurns, passThreshold } = config;
  const { maxTokens, ...sampling } = samplingOf(context, { ...rolloutDefaults, ...config });
  const indices = curriculum.next(config.promptsPerStep, step.step);
  const options = {
    engine,
    tokenizer,
    grader: environment.grader,
    sampling,
    maxTokens,
    seed,
    signal: step.signal,
    onTime: step.onTime,
    feedback: config.feedback,
    window: config.window,
    passThreshold,
  };
  const conversations = await rolloutTurns({
    ...options,
    tasks: indices.map((index) => environment.task('train', index)),
    conversations: config.groupSize,
    turns: Math.min(turns, startTurns + step.stageStep - 1),
    untilRight: true,
    path: ['turns', stage, step.step],
  });
  curriculum.observe(conversations.map((group, i) => resultOf(indices[i], group)));
  const own = conversations.map((group) => group.flatMap((one) => one.turns));
  const { improved, sampled } = await improve(conversations.flat(), config, {
    ...options,
    path: ['improve', stage, step.step],
  });
  let next = 0;
  const groups = conversations.map((group, i) => ({
    task: group[0].task,
    trajectories: [...own[i], ...group.flatMap(() => sampled[next++])],
  }));
  return { conversations, improved, groups };
}

const rolloutDefaults = z.object(rolloutOptions).parse({});

/** How the first attempts went, for the curriculum. */
function resultOf(index: number, group: readonly Conversation[]) {
  const scores = group.flatMap(({ turns: [{ grade }] }) => (grade.status === 'graded' ? [grade.score] : []));
  return { index, scores, failed: group.length - scores.length };
}

const share = (turns: readonly Trajectory[], threshold: number) =>
  turns.filter((turn) => isRight(turn, threshold)).length / turns.length;

/** Share right of each turn's own attempts, and of the improved ones. */
function figures(
  conversations: readonly Conversation[],
  improved: readonly Trajectory[],
  { passThreshold }: RiseConfig,
): Record<string, number> {
  const rows = conversations.map(({ turns }) => turns.filter((turn) => !improved.includes(turn)));
  const longest = Math.max(...rows.map((turns) => turns.length));
  const metrics: Record<string, number> = {};
  for (let i = 0; i < longest; i++) {
    const turn = rows.flatMap((turns) => (i < turns.length ? [turns[i]] : []));
    metrics[`turn.${i + 1}`] = share(turn, passThreshold);
  }
  if (improved.length > 0) metrics['turn.improved'] = share(improved, passThreshold);
  return metrics;
}

/**
 * One step is an iteration k: up to k attempts in turns with true feedback (on policy); at the last state that was reached
 * without success, an improved attempt; one example for each attempt, weighted by exp((r - centre) / τ), its history
 * masked; passes over the examples of all iterations so far. Qu et al. 2024, §4.
 */
export const rise = defineMethod({
  name: 'rise',
  title: 'Recursive introspection: improve over turns, by reward-weighted regression',
  paper: {
    title: 'Recursive Introspection: Teaching Language Model Agents How to Self-Improve',
    year: 2024,
    source: 'arXiv 2407.18219',
  },
  config: riseConfig,
  create(config, context) {
    let examples: RiseExample[] = [];
    return {
      async step(step): Promise<MethodStep> {
        const { conversations, improved, groups } = await collect(config, context, step);
        const fresh = conversations.flatMap((group) => examplesOf(group, config));
        examples = config.aggregate ? [...examples, ...fresh] : fresh;
        const rows = examples.map(({ tokens, promptLength, weight }) => {
          const mask = new Uint8Array(tokens.length).fill(1, promptLength);
          return { tokens, mask, data: { advantages: spread(weight, mask) } };
        });
        const { seed, stage } = context;
        return {
          updates: passesOver(rows, reinforce(), config, [seed, 'rise', stage, step.step]),
          groups,
          metrics: {
            ...figures(conversations.flat(), improved, config),
            'examples.fresh': fresh.length,
            examples: examples.length,
          },
        };
      },
      state: () => ({ examples }) as unknown as Json,
      restore(state) {
        ({ examples } = state as unknown as { examples: RiseExample[] });
      },
    };
  },
});
