/** What a completion would have been worth at every point: forced answers at the ends of its episodes. */
import type { EpisodeMarks } from '../text/index.ts';
import type { Trajectory } from '../types/index.ts';
import { episodeEnds } from './episode-ends.ts';
import { estimateSuccess, type MetaProverOptions } from './meta-prover.ts';

/** A completion with its episodes and the chance of a right answer around them. */
export interface AnytimeTrace {
  trajectory: Trajectory;
  /** Completion tokens at the start (0) and at the end of each episode. */
  boundaries: number[];
  /** Estimate of J(μ(·|c)) at each boundary; undefined where none could be graded. */
  values: (number | undefined)[];
  /** Mean tokens of a forced answer at each boundary, forced ones included. */
  answerTokens: number[];
  /** Shortest right forced answer found at each boundary, from the boundary on. */
  right: (readonly number[] | undefined)[];
}

export interface AnytimeResult {
  traces: AnytimeTrace[];
  /** Tokens sampled for forced answers. */
  sampled: number;
  /** Share of forced answers that ended by themselves. */
  ended: number;
}

/** Forced answers at the start of each completion and at the ends of its episodes; see `estimateSuccess`. */
export async function anytimeTraces(
  trajectories: readonly Trajectory[],
  marks: EpisodeMarks,
  options: MetaProverOptions,
): Promise<AnytimeResult> {
  const cut = trajectories.map((trajectory) => {
    const completion = trajectory.tokens.slice(trajectory.promptLength);
    const { ends } = episodeEnds(completion, options.tokenizer, marks);
    return { trajectory, completion, boundaries: [0, ...ends] };
  });
  const prefixes = cut.flatMap(({ trajectory: { task, tokens, promptLength }, completion, boundaries }) =>
    boundaries.map((end) => ({
      task,
      prompt: tokens.slice(0, promptLength),
      completion: completion.slice(0, end),
    })),
  );
  const { estimates, sampled, ended } = await estimateSuccess(prefixes, options);
  let next = 0;
  const traces = cut.map(({ trajectory, boundaries }) => {
    const own = estimates.slice(next, next + boundaries.length);
    next += boundaries.length;
    return {
      trajectory,
      boundaries,
      values: own.map(({ value }) => value),
      answerTokens: own.map(({ tokens }) => tokens),
      right: own.map(({ right }) => right),
    };
  });
  return { traces, sampled, ended };
}

/**
 * Points of a trace's anytime curve, for `normalisedRegret` and its like: after each episode, prefix tokens plus mean
 * answer tokens against the mean score of forced answers. Curves start at (0, 0), as in the authors' code: the untouched
 * problem is a point only for a completion without thinking. Boundaries without a graded answer are left out.
 */
export function anytimePoints(trace: AnytimeTrace): { tokens: number; accuracy: number }[] {
  return trace.boundaries.flatMap((end, i) => {
    const accuracy = trace.values[i];
    const untouched = i === 0 && trace.boundaries.length > 1;
    return untouched || accuracy === undefined ? [] : [{ tokens: end + trace.answerTokens[i], accuracy }];
  });
}
