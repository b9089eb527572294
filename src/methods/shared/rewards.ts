/** From grades to the rewards that are learned from. */
import type { Trajectory } from '../../types/index.ts';
import type { RolloutConfig } from './options.ts';

/**
 * Soft overlong punishment (Yu et al. 2025, "DAPO", eq. 13): 0 up to `limit - buffer` tokens, then falling linearly to
 * -1 at the limit.
 */
export function overlongPenalty(length: number, limit: number, buffer: number): number {
  const over = length - (limit - buffer);
  return over <= 0 ? 0 : -Math.min(1, over / buffer);
}

/** Reward of an attempt, undefined where grading failed. `limit`: most tokens a completion may have. */
export function rewardOf(trajectory: Trajectory, config: RolloutConfig, limit: number): number | undefined {
  const { grade, tokens, promptLength } = trajectory;
  if (grade.status === 'failed') return undefined;
  if (config.overlong !== 'penalty') return grade.score;
  const buffer = Math.min(limit, config.overlongBuffer ?? Math.ceil(limit / 5));
  return grade.score + overlongPenalty(tokens.length - promptLength, limit, buffer);
}
