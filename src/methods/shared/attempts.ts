/** A step's attempts in one list, and what the trainer's own forward passes say of them. */
import type { FrozenEngine } from '../../engine/index.ts';
import type { MethodContext, StepContext } from '../../training/index.ts';
import type { Trajectory } from '../../types/index.ts';
import type { Collected } from './collect.ts';
import type { RolloutConfig } from './options.ts';
import { rewardOf } from './rewards.ts';

/** One attempt on its way to a row of a batch. */
export interface Attempt {
  trajectory: Trajectory;
  /** Number of its group among all groups sampled, and its place there. */
  group: number;
  member: number;
  /** Undefined where grading failed. */
  reward: number | undefined;
  /** Whether the loss looks at it. */
  counted: boolean;
  /** By the engine's present weights; set by `score`. */
  logprobs?: Float32Array;
  values?: Float32Array;
  /** By the reference; set by `score`. */
  reference?: Float32Array;
  /** Advantage of every token; set by the method's estimator. */
  advantages?: ArrayLike<number>;
  returns?: ArrayLike<number>;
}

/** Attempts of the kept groups. A failed grade, or a cut attempt when such are masked, does not count in the loss. */
export function attemptsOf(collected: Collected, config: RolloutConfig, limit: number): Attempt[] {
  return collected.groups.flatMap(({ trajectories }, group) => {
    if (!collected.kept[group]) return [];
    return trajectories.map((trajectory, member) => {
      const reward = rewardOf(trajectory, config, limit);
      const masked = config.overlong === 'mask' && trajectory.finishReason === 'length';
      return { trajectory, group, member, reward, counted: reward !== undefined && !masked };
    });
  });
}

/** Attempts by group, in order; groups without attempts do not appear. */
export function byGroup(attempts: readonly Attempt[]): Attempt[][] {
  const groups = new Map<number, Attempt[]>();
  for (const attempt of attempts) {
    const group = groups.get(attempt.group) ?? [];
    groups.set(attempt.group, group);
    group.push(attempt);
  }
  return [...groups.values()];
}

export interface ScoreWants {
  /** Log-probabilities under the present weights. */
  own?: boolean;
  /** Values of the value head. */
  values?: boolean;
  /** Log-probabilities under the reference. */
  reference?: boolean;
}

/** Fills in what is wanted and not there yet, in one forward pass of each engine. */
export async function score(
  attempts: readonly Attempt[],
  wants: ScoreWants,
  context: MethodContext,
  step: StepContext,
): Promise<void> {
  const started = performance.now();
  if (wants.own || wants.values) {
    const missing = attempts.filter(({ logprobs, values }) => !logprobs || (wants.values && !values));
    if (missing.length > 0) {
      const output = await context.engine.forward(sequences(missing), { values: wants.values });
      missing.forEach((attempt, i) => {
        attempt.logprobs = output.logprobs[i];
        attempt.values = output.values?.[i];
      });
    }
  }
  if (wants.reference) {
    const missing = attempts.filter(({ reference }) => !reference);
    if (missing.length > 0) {
      const { logprobs } = await referenceOf(context).forward(sequences(missing));
      missing.forEach((attempt, i) => {
        attempt.reference = logprobs[i];
      });
    }
  }
  step.onTime('score', (performance.now() - started) / 1000);
}

const sequences = (attempts: readonly Attempt[]) => attempts.map(({ trajectory }) => trajectory.tokens);

function referenceOf(context: MethodContext): FrozenEngine {
  if (context.reference === undefined) throw new Error('the method asked for no reference, but needs one');
  return context.reference;
}
