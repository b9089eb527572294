/** Progress of episodes: how much nearer to a right answer each one brought, as a bonus on its own tokens. */
import type { z } from 'zod';
import { groupAdvantageOptions, groupAdvantages } from './group.ts';
import { graded, isGraded, isUninformative, mean, type Reward, standardDeviation } from './rewards.ts';

/**
 * r_prg^μ(z_j; c_{j-1}) = J_r(μ(·|c_{j-1}, z_j)) - J_r(μ(·|c_{j-1})), one an episode, in [-1, 1] for values in [0, 1].
 * `values` are J_r at the start and after each episode; the differences telescope to J(end) - J(start). Undefined where a
 * value is missing. Qu et al. 2025, "Optimizing Test-Time Compute via Meta Reinforcement Fine-Tuning" (MRT),
 * definition of progress in §5.
 */
export function episodeProgress(values: readonly Reward[]): Reward[] {
  return values.slice(1).map((value, j) => {
    const before = values[j];
    return isGraded(value) && isGraded(before) ? value - before : undefined;
  });
}

/**
 * Deviation that the estimated progress of an episode would have if no episode changed anything: the null control of
 * `episodeProgress`. `values` are those of several traces, each estimated by `samples` independent rewards of 0 or 1, so that
 * J (1 - J) / (samples - 1) estimates the variance of one without bias; the root of the mean variance of a difference is
 * returned. Undefined with fewer than two samples or without an episode whose progress is known.
 */
export function progressNoise(traces: readonly (readonly Reward[])[], samples: number): number | undefined {
  const variance = (value: number) => (value * (1 - value)) / (samples - 1);
  const differences = traces.flatMap((values) =>
    values.slice(1).flatMap((value, j) => {
      const before = values[j];
      return isGraded(value) && isGraded(before) ? [variance(value) + variance(before)] : [];
    }),
  );
  return samples < 2 || differences.length === 0 ? undefined : Math.sqrt(mean(differences));
}

export interface ProgressAdvantageOptions extends z.input<typeof groupAdvantageOptions> {
  /** Compare with the mean over the group's episodes; true unless given. */
  centre?: boolean;
}

/**
 * Progress of all episodes of a group of trajectories, centred and scaled over the group's episodes together, as DeepSeekMath
 * (Shao et al. 2024, §4.1.3) does with process rewards: an episode is preferred for bringing more than the
 * group's episodes usually do, so that one which brings nothing is discouraged. Without `centre` only scaled, as the sum
 * in MRT's objective has it: an episode that brings nothing gets nothing. Zeros where the deviation is 0 and would
 * divide, and where progress is unknown.
 */
export function progressAdvantages(
  group: readonly (readonly Reward[])[],
  { centre = true, ...options }: ProgressAdvantageOptions = {},
): number[][] {
  const { normalise, ddof, epsilon } = groupAdvantageOptions.parse(options);
  const all = group.flat();
  const known = graded(all);
  const level = mean(known);
  let shift = 0;
  if (!centre && normalise === 'none') shift = level;
  else if (!centre && !isUninformative(all)) shift = level / (standardDeviation(known, ddof) + epsilon);
  const centred = groupAdvantages(all, options);
  let next = 0;
  return group.map((episodes) =>
    episodes.map((progress) => centred[next++] + (isGraded(progress) ? shift : 0)),
  );
}

/**
 * One number an episode as one number a token: token t of the completion gets that of the episode it is in, tokens after the
 * last end (the answer) get 0, and so do tokens outside the mask. `ends` are positions in the whole sequence, ascending.
 */
export function spreadEpisodes(
  episodes: readonly number[],
  ends: readonly number[],
  mask: ArrayLike<number>,
): number[] {
  let episode = 0;
  return Array.from(mask, (m, t) => {
    while (episode < ends.length && t >= ends[episode]) episode++;
    return m > 0 && episode < ends.length ? episodes[episode] : 0;
  });
}

/**
 * Advantages of rollouts that think on from a prefix c, against what stopping there is worth:
 * A_i = (r_i - mean of r^stop) / (std over both kinds + ε), the termination baseline of MRT in place of the group's mean.
 * Zeros where both kinds all scored the same; a failed grade gets 0. `epsilon` and `ddof` as in `groupAdvantages`.
 */
export function terminationAdvantages(
  continued: readonly Reward[],
  stopped: readonly Reward[],
  { ddof = 1, epsilon = 1e-4 }: { ddof?: 0 | 1; epsilon?: number } = {},
): number[] {
  const baseline = graded(stopped);
  const all = [...continued, ...stopped];
  if (baseline.length === 0 || isUninformative(all)) return continued.map(() => 0);
  const divisor = standardDeviation(graded(all), ddof) + epsilon;
  return continued.map((reward) => (isGraded(reward) ? (reward - mean(baseline)) / divisor : 0));
}
