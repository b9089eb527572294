/** TAROT: GRPO on programs whose tests come in tiers, with a curriculum over tiers that is chosen by what the model can do. */
import { z } from 'zod';
import { isUninformative } from '../../objectives/index.ts';
import {
  defineMethod,
  evaluate,
  type MethodContext,
  type MethodInstance,
  type StepContext,
} from '../../training/index.ts';
import type { Trajectory } from '../../types/index.ts';
import { grpoConfig, grpoObjective } from '../grpo/method.ts';
import { type Attempt, byGroup } from '../shared/attempts.ts';
import { collectGroups, samplingOf } from '../shared/collect.ts';
import { creditTrajectories } from '../shared/credit.ts';
import { needsReference } from '../shared/options.ts';
import { policyGradient } from '../shared/policy-gradient.ts';
import { type PolicyName, policyFor, portfolio, tierReward, WEAK_BELOW } from './portfolio.ts';

const POLICIES = Object.keys(portfolio) as [PolicyName, ...PolicyName[]];

export const tarotConfig = z.strictObject({
  ...grpoConfig.shape,
  /**
   * A policy of the portfolio; `by-capability` measures the model first and takes one for weak or strong models; `pass-all`
   * rewards only what passes every test, which TAROT is compared with.
   */
  policy: z.enum(['by-capability', 'pass-all', ...POLICIES]).default('by-capability'),
  /** Prompts that make one pass, over which the stages are laid; the training tasks once unless given. */
  passPrompts: z.int().min(1).optional(),
  /** Reward of the part `format` of the grade, beside that of the tests. */
  formatWeight: z.number().min(0).default(1),
  /** `by-capability`: validation tasks that are tried, one greedy answer each, and the success rate below which a model is weak. */
  probe: z
    .strictObject({
      tasks: z.int().min(1).default(100),
      weakBelow: z.number().min(0).max(1).default(WEAK_BELOW),
    })
    .prefault({}),
});

type TarotConfig = z.output<typeof tarotConfig>;
type Chosen = PolicyName | 'pass-all';

/** What the method remembers. */
interface Memory {
  /** Prompts that were answered so far. */
  consumed: number;
  policy: Chosen | null;
  capability: number | null;
}

/** The greedy success rate on whole suites of validation tasks. */
async function capabilityOf(
  config: TarotConfig,
  context: MethodContext,
  { signal }: StepContext,
): Promise<number> {
  const { engine, tokenizer, environment, seed } = context;
  const { summary } = await evaluate({
    engine,
    tokenizer,
    environment,
    split: 'validation',
    tasks: config.probe.tasks,
    sampling: { ...samplingOf(context, config), temperature: 0 },
    seed,
    signal,
  });
  return summary.passAt1.estimate;
}

/** Reward of an attempt, undefined where grading failed. Throws where a grade names no tier that the policy may look at. */
function rewardOf(
  { grade, task }: Trajectory,
  policy: Chosen,
  progress: number,
  formatWeight: number,
): { tests: number; format: number } | undefined {
  if (grade.status === 'failed') return undefined;
  const parts = grade.parts ?? {};
  const format = formatWeight * (parts.format ?? 0);
  if (policy === 'pass-all') return { tests: Number(grade.score >= 1), format };
  const { weights } = portfolio[policy];
  if (!Object.keys(weights).some((tier) => tier in parts))
    throw new Error(
      `tarot: the grade of task ${task.id} has the parts ${Object.keys(parts).join(', ') || '(none)'}, expected tiers such as ${Object.keys(weights).join(', ')}; see tieredTests`,
    );
  return { tests: tierReward(parts, portfolio[policy], progress), format };
}

function variance(values: readonly number[]): number {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  return values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length;
}

/** Share of groups whose attempts all earned the same, and which share of the variance within groups the format makes. */
function figuresOf(attempts: readonly Attempt[], formats: ReadonlyMap<Attempt, number>) {
  const groups = byGroup(attempts);
  const flat = groups.filter((group) => isUninformative(group.map(({ reward }) => reward))).length;
  const known = groups.map((group) => group.filter(({ reward }) => reward !== undefined));
  const sum = (of: (attempt: Attempt) => number) =>
    known.reduce((total, group) => total + (group.length > 0 ? variance(group.map(of)) : 0), 0);
  const format = sum((attempt) => formats.get(attempt) ?? 0);
  const tests = sum((attempt) => (attempt.reward ?? 0) - (formats.get(attempt) ?? 0));
  return {
    'tiers.flatGroups': groups.length === 0 ? 0 : flat / groups.length,
    ...(format + tests > 0 ? { 'tiers.formatShare': format / (format + tests) } : {}),
  };
}

/** GRPO with the rewards of a policy; the policy is fixed before the first step, nothing adapts to rewards. */
function tarotInstance(config: TarotConfig, context: MethodContext): MethodInstance {
  const size = context.environment.size('train');
  const pass = config.passPrompts ?? size;
  if (pass === Infinity)
    throw new Error(
      `tarot: ${context.environment.name} has no end of training tasks, expected passPrompts to say how many make a pass`,
    );
  let memory: Memory = {
    consumed: 0,
    policy: config.policy === 'by-capability' ? null : config.policy,
    capability: null,
  };
  let progress = 0;
  const earned = (policy: Chosen, trajectory: Trajectory) =>
    rewardOf(trajectory, policy, progress, config.formatWeight);

  const policyNow = async (step: StepContext): Promise<Chosen> => {
    if (memory.policy !== null) return memory.policy;
    const capability = await capabilityOf(config, context, step);
    const policy = policyFor(capability, config.probe.weakBelow);
    memory = { ...memory, policy, capability };
    return policy;
  };

  return policyGradient(config, context, {
    objective: grpoObjective(config),
    async collect(step) {
      const policy = await policyNow(step);
      progress = memory.consumed / pass;
      const collected = await collectGroups(context, step, config, (trajectory) => {
        const reward = earned(policy, trajectory);
        return reward && reward.tests + reward.format;
      });
      memory = { ...memory, consumed: memory.consumed + collected.groups.length };
      return collected;
    },
    async appraise(attempts, step) {
      const policy = await policyNow(step);
      const formats = new Map<Attempt, number>();
      for (const attempt of attempts) {
        const { grade } = attempt.trajectory;
        const reward = earned(policy, attempt.trajectory);
        if (reward === undefined || attempt.reward === undefined || grade.status === 'failed') continue;
        // What else acts on a reward (overlong answers) stays.
        attempt.reward += reward.tests + reward.format - grade.score;
        formats.set(attempt, reward.format);
      }
      const { capability } = memory;
      const isStaged = policy !== 'pass-all';
      return {
        'tiers.progress': progress,
        ...(isStaged ? { 'tiers.ceiling': tierReward(ALL_PASSED, portfolio[policy], progress) } : {}),
        ...(capability === null ? {} : { 'tiers.capability': capability }),
        ...figuresOf(attempts, formats),
      };
    },
    credit(attempts, rewards) {
      creditTrajectories(attempts, rewards, { name: 'group', normalise: config.normalise });
      return {};
    },
    state: () => ({ ...memory }),
    restore(state) {
      memory = state as unknown as Memory;
    },
  });
}

const ALL_PASSED = { basic: 1, medium: 1, high: 1, edge: 1 };

export const tarot = defineMethod({
  name: 'tarot',
  title: 'TAROT: GRPO on tiered tests, with a curriculum chosen by capability',
  paper: {
    title:
      'TAROT: Test-driven and Capability-adaptive Curriculum Reinforcement Fine-tuning for Code Generation with Large Language Models',
    year: 2026,
    source: 'arXiv 2602.15449',
  },
  config: tarotConfig,
  defaults: { aggregation: 'token-mean', kl: { coefficient: 0.01 } },
  needs: (config) => ({ reference: needsReference(config) }),
  create: tarotInstance,
});
