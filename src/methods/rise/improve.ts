/** A better attempt at the last state of conversations that have not succeeded: the best of several, or a worked one. */
import {
  type BranchOptions,
  type Conversation,
  type FeedbackOptions,
  gradeTrajectories,
  isRight,
  nextState,
  sampleBranches,
} from '../../rollout/index.ts';
import type { Trajectory } from '../../types/index.ts';
import { attemptReward } from './records.ts';

export interface ImproveConfig {
  improvement: 'self' | 'worked' | 'none';
  /** Attempts to choose from with `self`. */
  samples: number;
  cutReward: number;
  passThreshold: number;
}

export interface Improved {
  /** The attempts that were added. */
  improved: Trajectory[];
  /** By conversation, everything that was sampled here. */
  sampled: Trajectory[][];
}

/** Of several attempts the one with the highest reward; of equals the first. Undefined where none could be graded. */
function best(attempts: readonly Trajectory[], cutReward: number): Trajectory | undefined {
  let found: Trajectory | undefined;
  let highest = Number.NEGATIVE_INFINITY;
  for (const attempt of attempts) {
    const reward = attemptReward(attempt, cutReward);
    if (reward === undefined || reward <= highest) continue;
    found = attempt;
    highest = reward;
  }
  return found;
}

/** The task's worked completion after a history, ended. Throws an Error that names a task without one. */
function workedAttempt(
  { task }: Conversation,
  state: readonly number[],
  { tokenizer, engine }: BranchOptions,
): Trajectory {
  if (task.completion === undefined)
    throw new Error(`rise: task ${task.id} has no completion, expected one with improvement 'worked'`);
  const tokens = [...state, ...tokenizer.encode(task.completion), tokenizer.eosId];
  return {
    task,
    tokens,
    promptLength: state.length,
    lossMask: new Uint8Array(tokens.length).fill(1, state.length),
    logprobs: new Float32Array(tokens.length),
    completion: task.completion,
    finishReason: 'stop',
    grade: { status: 'failed', reason: 'not graded yet' },
    weightsVersion: engine.weightsVersion,
  };
}

/** Adds an attempt to every conversation that has not succeeded and whose last attempt could be graded. */
export async function improve(
  conversations: readonly Conversation[],
  { improvement, samples, cutReward, passThreshold }: ImproveConfig,
  options: BranchOptions & FeedbackOptions & { maxTokens: number },
): Promise<Improved> {
  const sampled: Trajectory[][] = conversations.map(() => []);
  const open = conversations.flatMap((conversation, i) => {
    const last = conversation.turns[conversation.turns.length - 1];
    const unsolved = last.grade.status === 'graded' && !isRight(last, passThreshold);
    return improvement !== 'none' && unsolved ? [{ conversation, i }] : [];
  });
  const states = open.map(({ conversation }) => nextState(conversation, options, options.tokenizer));
  let candidates: Trajectory[][];
  if (improvement === 'worked') {
    const worked = open.map(({ conversation }, k) => workedAttempt(conversation, states[k], options));
    await gradeTrajectories(worked, options.grader, { ...options.gradeOptions, signal: options.signal });
    candidates = worked.map((one) => [one]);
  } else {
    candidates = await sampleBranches(
      open.map(({ conversation: { task }, i }, k) => ({
        task,
        prompt: states[k],
        prefix: [],
        n: samples,
        maxTokens: options.maxTokens,
        name: [i],
      })),
      options,
    );
    open.forEach(({ i }, k) => {
      sampled[i] = candidates[k];
    });
  }
  const improved = open.flatMap(({ conversation }, k) => {
    const attempt = best(candidates[k], cutReward);
    if (attempt === undefined) return [];
    conversation.turns.push(attempt);
    return [attempt];
  });
  return { improved, sampled };
}
