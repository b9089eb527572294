/** From conversations to weighted examples: each attempt under the history in which it was made. */
import { exponentialWeights } from '../../objectives/index.ts';
import { type Conversation, isRight } from '../../rollout/index.ts';
import type { Trajectory } from '../../types/index.ts';

/** An attempt to imitate; plain JSON. */
export interface RiseExample {
  /** History, then the attempt. */
  tokens: number[];
  /** Tokens of the history, which are not learned. */
  promptLength: number;
  /** exp((r - centre) / τ), above 0. */
  weight: number;
}

/** Which later attempts are kept; the first is, except with `success`. */
export type Criterion = 'all' | 'better' | 'best' | 'success';

export interface RecordOptions {
  keep: Criterion;
  /** τ */
  rewardTemperature: number;
  /** `prompt`: rewards are taken less their mean over all attempts at the task. */
  centre: 'none' | 'prompt';
  /** Reward of an attempt that was cut at the token limit. */
  cutReward: number;
  passThreshold: number;
}

/** Reward of an attempt: its score, or that of cut ones; undefined where grading failed. */
export function attemptReward({ grade, finishReason }: Trajectory, cutReward: number): number | undefined {
  if (grade.status === 'failed') return undefined;
  return finishReason === 'stop' ? grade.score : cutReward;
}

/** Whether attempt `i` is kept, by the rewards up to it. */
function wanted(keep: Criterion, rewards: readonly number[], i: number, right: boolean): boolean {
  if (keep === 'success') return right;
  if (i === 0 || keep === 'all') return true;
  if (keep === 'better') return rewards[i] > rewards[i - 1];
  return rewards[i] >= Math.max(...rewards.slice(0, i));
}

/**
 * Examples of all conversations at one task. An attempt that could not be graded is left out, with all after it: what was said of it
 * may not be true. Empty attempts and exact repetitions of history and attempt are left out too.
 */
export function examplesOf(conversations: readonly Conversation[], options: RecordOptions): RiseExample[] {
  const { keep, rewardTemperature, centre, cutReward, passThreshold } = options;
  const graded = conversations.map(({ turns }) => {
    const rewards = turns.map((turn) => attemptReward(turn, cutReward));
    const failed = rewards.indexOf(undefined);
    return {
      turns: failed < 0 ? turns : turns.slice(0, failed),
      rewards: (failed < 0 ? rewards : rewards.slice(0, failed)) as number[],
    };
  });
  const all = graded.flatMap(({ rewards }) => rewards);
  const mean = all.reduce((sum, reward) => sum + reward, 0) / all.length;
  const weighting = { temperature: rewardTemperature, centre: centre === 'prompt' ? mean : 0 };
  const examples = graded.flatMap(({ turns, rewards }) => {
    const weights = exponentialWeights(rewards, weighting);
    return turns.flatMap((turn, i) => {
      const { tokens, promptLength, completion } = turn;
      const kept = completion !== '' && wanted(keep, rewards, i, isRight(turn, passThreshold));
      return kept ? [{ tokens, promptLength, weight: weights[i] }] : [];
    });
  });
  return [...new Map(examples.map((one) => [`${one.promptLength}:${one.tokens.join()}`, one])).values()];
}
