/** Held-out evaluation: attempts at fixed tasks of a split, and what they say with intervals. */
import type { FrozenEngine, SamplingParams } from '../engine/index.ts';
import { bootstrapInterval, type ConfidenceInterval, passAtK, wilsonInterval } from '../evaluation/index.ts';
import type { GradeAllOptions } from '../graders/index.ts';
import { rolloutGroups } from '../rollout/index.ts';
import type { Tokenizer } from '../text/index.ts';
import type { Environment, Group, Split, Task, Trajectory } from '../types/index.ts';

export interface EvaluationOptions {
  engine: FrozenEngine;
  tokenizer: Tokenizer;
  environment: Environment;
  split: Split;
  /** Most tasks to try; see `evaluationTasks`. */
  tasks: number;
  /** Attempts a task; 1 unless given. */
  samples?: number;
  /** Temperature 0 is greedy: then more than one sample a task says nothing new. */
  sampling: SamplingParams;
  /** A score of at least this passes; 1 unless given. */
  passThreshold?: number;
  /** Same seed, same weights: same attempts. The seed does not depend on the step, so that evaluations compare. */
  seed: number;
  gradeOptions?: Omit<GradeAllOptions, 'signal'>;
  signal?: AbortSignal;
  onTokens?(tokens: number): void;
}

/** The figures of an evaluation; plain JSON. Intervals are 95 %, over tasks. */
export interface EvaluationSummary {
  split: Split;
  /** Tasks tried; those without any graded attempt are in no figure but `failed`. */
  tasks: number;
  samples: number;
  /** Chance that one attempt passes. */
  passAt1: ConfidenceInterval;
  /** Chance that at least one of k attempts passes, by k: the powers of two above 1 up to `samples`. */
  passAt: Record<string, ConfidenceInterval>;
  meanScore: ConfidenceInterval;
  /** Attempts that could not be graded. */
  failed: number;
  /** Means of the graders' named parts over graded attempts. */
  parts: Record<string, number>;
  /** Mean number of tokens of an attempt. */
  lengthMean: number;
  /** Share of attempts cut at the token limit. */
  cutShare: number;
  seconds: number;
}

export interface Evaluation {
  summary: EvaluationSummary;
  groups: Group[];
}

/**
 * Indices of the tasks that an evaluation tries: all, or `count` spread evenly over the split (a fixed choice, so that
 * runs and seeds compare); of a split without end the first ones.
 */
export function evaluationTasks(size: number, count: number): number[] {
  if (size === Infinity) return Array.from({ length: count }, (_, i) => i);
  const n = Math.min(size, count);
  return Array.from({ length: n }, (_, i) => Math.floor((i * size) / n));
}

/** Scores of the graded attempts of a group. */
export function gradedScores(trajectories: readonly Trajectory[]): number[] {
  return trajectories.flatMap(({ grade }) => (grade.status === 'graded' ? [grade.score] : []));
}

/** Means of the named parts over the attempts that have them, names sorted. */
export function partMeans(trajectories: readonly Trajectory[]): Record<string, number> {
  const sums = new Map<string, { total: number; n: number }>();
  for (const { grade } of trajectories)
    for (const [name, value] of Object.entries((grade.status === 'graded' && grade.parts) || {})) {
      const sum = sums.get(name) ?? { total: 0, n: 0 };
      sums.set(name, { total: sum.total + value, n: sum.n + 1 });
    }
  const names = [...sums].sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(names.map(([name, { total, n }]) => [name, total / n]));
}

/** Bootstrap over tasks; Wilson's interval where every task agrees and resampling would claim certainty. */
function rate(values: readonly number[], seed: number): ConfidenceInterval {
  if (values.every((value) => value === 1) || values.every((value) => value === 0))
    return wilsonInterval(values[0] * values.length, values.length);
  return bootstrapInterval(values, { seed });
}

/** Figures of graded groups. Throws an Error when no attempt at all could be graded. */
export function summarise(
  groups: readonly Group[],
  options: { split: Split; samples: number; passThreshold: number; seed: number; seconds: number },
): EvaluationSummary {
  const { split, samples, passThreshold, seed, seconds } = options;
  const all = groups.flatMap((group) => group.trajectories);
  const scores = groups.map((group) => gradedScores(group.trajectories)).filter((s) => s.length > 0);
  if (scores.length === 0) {
    const reason = all.map(({ grade }) => (grade.status === 'failed' ? grade.reason : '')).find(Boolean);
    throw new Error(
      `evaluation on ${split}: none of ${all.length} attempts could be graded (${reason ?? 'no tasks'})`,
    );
  }
  const passes = scores.map((s) => s.filter((score) => score >= passThreshold).length);
  const passAt: Record<string, ConfidenceInterval> = {};
  for (let k = 2; k <= samples; k *= 2) {
    const chances = scores.flatMap((s, i) => (s.length >= k ? [passAtK(s.length, passes[i], k)] : []));
    if (chances.length > 0) passAt[k] = rate(chances, seed);
  }
  const lengths = all.map((trajectory) => trajectory.tokens.length - trajectory.promptLength);
  return {
    split,
    tasks: groups.length,
    samples,
    passAt1: rate(
      scores.map((s, i) => passes[i] / s.length),
      seed,
    ),
    passAt,
    meanScore: bootstrapInterval(scores, { seed }),
    failed: all.length - scores.flat().length,
    parts: partMeans(all),
    lengthMean: lengths.reduce((a, b) => a + b, 0) / lengths.length,
    cutShare: all.filter((trajectory) => trajectory.finishReason === 'length').length / all.length,
    seconds,
  };
}

/**
 * Tries fixed tasks of a split. Throws a RangeError when the split is empty, and an Error when nothing at all could be
 * graded; rejects with the signal's reason when it is aborted.
 */
export async function evaluate(options: EvaluationOptions): Promise<Evaluation> {
  const { environment, split, samples = 1, passThreshold = 1, seed } = options;
  const size = environment.size(split);
  if (!(size >= 1))
    throw new RangeError(`evaluation: the ${split} split of ${environment.name} has no tasks, expected some`);
  const started = performance.now();
  const tasks: Task[] = evaluationTasks(size, options.tasks).map((index) => environment.task(split, index));
  const groups = await rolloutGroups({
    engine: options.engine,
    tokenizer: options.tokenizer,
    tasks,
    groupSize: samples,
    sampling: options.sampling,
    grader: environment.grader,
    gradeOptions: options.gradeOptions,
    seed,
    path: ['evaluation', split],
    signal: options.signal,
    onTokens: options.onTokens,
  });
  const seconds = (performance.now() - started) / 1000;
  return { summary: summarise(groups, { split, samples, passThreshold, seed, seconds }), groups };
}
