/** One step of any policy-gradient method: gather, score, credit, split into updates. */
import type { Json } from '../../curricula/index.ts';
import type { Objective } from '../../engine/index.ts';
import { klPenalty, tokenRewards } from '../../objectives/index.ts';
import { rng } from '../../random/index.ts';
import {
  logprobGap,
  type MethodContext,
  type MethodInstance,
  type MethodStep,
  type Row,
  rowsToBatch,
  type StepContext,
  type Update,
} from '../../training/index.ts';
import { type Attempt, attemptsOf, score } from './attempts.ts';
import { type Collected, collectGroups, samplingOf } from './collect.ts';
import {
  klPlace,
  needsReference,
  type RegulariserConfig,
  type RolloutConfig,
  type UpdateConfig,
} from './options.ts';

export type PolicyConfig = RolloutConfig & RegulariserConfig & UpdateConfig;

/** What distinguishes one policy-gradient method from another. */
export interface PolicyParts {
  objective: Objective;
  /** The estimator reads values: they are scored before credit is given. */
  readsValues?: boolean;
  /** Gathers the step's groups; `collectGroups` unless given. */
  collect?(step: StepContext): Promise<Collected>;
  /**
   * Gives attempts rewards that do not come from their grades, or another reference's log-probabilities, before anything is
   * made of them. An attempt whose `reward` and `counted` it sets is learned from even where its grade failed.
   */
  appraise?(attempts: readonly Attempt[], step: StepContext): Promise<Record<string, number>>;
  /**
   * Gives every attempt its per-token advantages (and returns), and returns figures of its own. `rewards` has one list of
   * per-token rewards an attempt, undefined where grading failed; their sum is the whole reward.
   */
  credit(
    attempts: readonly Attempt[],
    rewards: readonly (number[] | undefined)[],
    step: StepContext,
  ): Record<string, number> | Promise<Record<string, number>>;
  /** What the estimator remembers. */
  state?(): Json;
  restore?(state: Json): void;
}

/** Makes the instance that the loop drives. */
export function policyGradient(
  config: PolicyConfig,
  context: MethodContext,
  parts: PolicyParts,
): MethodInstance {
  return {
    step: (step) => policyStep(config, context, parts, step),
    state: () => parts.state?.() ?? null,
    restore: (state) => parts.restore?.(state),
  };
}

async function policyStep(
  config: PolicyConfig,
  context: MethodContext,
  parts: PolicyParts,
  step: StepContext,
): Promise<MethodStep> {
  const limit = samplingOf(context, config).maxTokens;
  const collected = await (parts.collect?.(step) ?? collectGroups(context, step, config));
  const attempts = attemptsOf(collected, config, limit);
  const appraisal = await parts.appraise?.(attempts, step);
  const { kl } = config;
  const withReference = needsReference(config);
  const place = klPlace(config);
  // In the loss, the objective reports the KL; elsewhere it is taken here, over all attempts.
  const klHere = withReference && place !== 'loss';
  await score(attempts, { values: parts.readsValues, reference: klHere }, context, step);

  const rewards = attempts.map(({ trajectory, reward, reference }) => {
    if (reward === undefined) return undefined;
    const { lossMask: mask, logprobs } = trajectory;
    if (place !== 'reward' || reference === undefined) return tokenRewards({ reward, mask });
    const { estimator, coefficient } = kl;
    return tokenRewards({ reward, mask, kl: { logprobs, reference, estimator, coefficient } });
  });
  const creditMetrics = await parts.credit(attempts, rewards, step);

  // A row whose advantages are all zero has a gradient only through the other terms of the loss.
  const otherTerms = place === 'loss' || config.entropyBonus > 0 || parts.readsValues;
  const counted = attempts.filter((attempt) => attempt.counted);
  const active = counted.filter(
    ({ advantages }) =>
      otherTerms || (advantages !== undefined && Array.from(advantages).some((a) => a !== 0)),
  );
  const updatesPerStep = config.minibatches * config.updateEpochs;
  const recompute =
    config.oldLogprobs === 'recomputed' || (config.oldLogprobs === 'auto' && updatesPerStep > 1);
  await score(active, { own: recompute, reference: withReference }, context, step);

  return {
    updates: splitIntoUpdates(config, context, parts.objective, step, counted, new Set(active), limit),
    groups: collected.groups,
    advantages: advantageRecord(collected, attempts),
    metrics: {
      ...appraisal,
      ...creditMetrics,
      ...stepMetrics(config, collected, attempts),
      ...(klHere ? klOf(attempts, kl.estimator) : {}),
      ...gapOf(active, context.engine.weightsVersion),
    },
  };
}

/** Minibatches of every pass, shuffled by a stream of their own; a part that has nothing active makes no update. */
function splitIntoUpdates(
  config: PolicyConfig,
  context: MethodContext,
  objective: Objective,
  step: StepContext,
  counted: readonly Attempt[],
  active: ReadonlySet<Attempt>,
  limit: number,
): Update[] {
  const rows = counted.map((attempt) => rowOf(attempt, objective, active.has(attempt)));
  const updates: Update[] = [];
  for (let epoch = 0; epoch < config.updateEpochs; epoch++) {
    const order =
      config.minibatches === 1
        ? rows
        : rng(context.seed, 'minibatches', context.stage, step.step, epoch).shuffle(rows);
    for (let part = 0; part < config.minibatches; part++) {
      const from = Math.floor((part * order.length) / config.minibatches);
      const to = Math.floor(((part + 1) * order.length) / config.minibatches);
      const batch = rowsToBatch(order.slice(from, to), {
        aggregation: config.aggregation,
        maxLength: limit,
      });
      if (batch !== undefined) updates.push({ batch, objective });
    }
  }
  return updates;
}

/** The per-token data that the objective reads, from an attempt. */
function rowOf(attempt: Attempt, objective: Objective, active: boolean): Row {
  const { trajectory, logprobs, values, reference, advantages, returns } = attempt;
  const known: Record<string, ArrayLike<number> | undefined> = {
    advantages,
    returns,
    oldLogprobs: logprobs ?? trajectory.logprobs,
    samplerLogprobs: trajectory.logprobs,
    referenceLogprobs: reference,
    oldValues: values,
  };
  const zeros = new Float32Array(active ? 0 : trajectory.tokens.length);
  const data = Object.fromEntries(
    objective.data.map((name) => {
      const value = known[name] ?? (active ? undefined : zeros);
      if (value === undefined)
        throw new Error(`objective ${objective.name} reads '${name}', which this method does not make`);
      return [name, value];
    }),
  );
  return { tokens: trajectory.tokens, mask: trajectory.lossMask, data, active };
}

/** Advantage of each sampled attempt as one number: the mean over its tokens; null where it got none. */
function advantageRecord(collected: Collected, attempts: readonly Attempt[]): (number | null)[][] {
  const record: (number | null)[][] = collected.groups.map(({ trajectories }) =>
    trajectories.map(() => null),
  );
  for (const { group, member, trajectory, advantages, reward } of attempts) {
    if (advantages === undefined || reward === undefined) continue;
    let total = 0;
    let n = 0;
    trajectory.lossMask.forEach((m, t) => {
      if (m > 0) {
        total += advantages[t];
        n++;
      }
    });
    record[group][member] = n === 0 ? null : total / n;
  }
  return record;
}

function stepMetrics(
  config: PolicyConfig,
  collected: Collected,
  attempts: readonly Attempt[],
): Record<string, number> {
  const metrics: Record<string, number> = {};
  if (config.dynamicSampling) {
    metrics['groups.kept'] = collected.kept.filter(Boolean).length;
    metrics.resamples = collected.resamples;
  }
  if (config.overlong === 'penalty') {
    const rewards = attempts.flatMap(({ reward }) => (reward === undefined ? [] : [reward]));
    if (rewards.length > 0) metrics['reward.shaped'] = rewards.reduce((a, b) => a + b, 0) / rewards.length;
  }
  return metrics;
}

/** Mean KL to the reference over the model's tokens, estimated under the weights that sampled them. */
function klOf(attempts: readonly Attempt[], estimator: PolicyConfig['kl']['estimator']): { kl?: number } {
  let total = 0;
  let tokens = 0;
  for (const { trajectory, reference } of attempts) {
    if (reference === undefined) continue;
    const { logprobs, lossMask } = trajectory;
    for (const x of klPenalty(logprobs, reference, estimator, lossMask)) total += x;
    for (const m of lossMask) if (m > 0) tokens++;
  }
  return tokens === 0 ? {} : { kl: total / tokens };
}

/** The gap between sampler and trainer, where the present weights both sampled and scored. */
function gapOf(attempts: readonly Attempt[], version: number): Record<string, number> {
  const both = attempts.flatMap(({ trajectory, logprobs }) =>
    logprobs !== undefined && trajectory.weightsVersion === version ? [{ trajectory, logprobs }] : [],
  );
  return logprobGap(
    both.map(({ trajectory }) => trajectory),
    both.map(({ logprobs }) => logprobs),
  );
}
