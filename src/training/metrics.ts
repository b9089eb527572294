/** Figures of a training step that every method has in common. */
import type { FrozenEngine, StepResult } from '../engine/index.ts';
import { passAtK } from '../evaluation/index.ts';
import { isUninformative } from '../objectives/index.ts';
import type { Group, Trajectory } from '../types/index.ts';
import { gradedScores, partMeans } from './evaluate.ts';

const average = (xs: readonly number[]) => xs.reduce((total, x) => total + x, 0) / xs.length;

/** Rewards of a group, undefined where grading failed. */
export function rewardsOf(group: Group): (number | undefined)[] {
  return group.trajectories.map(({ grade }) => (grade.status === 'graded' ? grade.score : undefined));
}

/**
 * Rewards, pass@1, pass@k with k the size of a group (`reward.passAt8`), failed grades, groups without variance, lengths and entropy of a step's attempts. Figures of scores
 * are absent when nothing was graded. `entropy` is estimated by the mean of -log π of the sampled tokens, which is
 * unbiased at temperature 1.
 */
export function groupMetrics(groups: readonly Group[], passThreshold: number): Record<string, number> {
  const all = groups.flatMap((group) => group.trajectories);
  if (all.length === 0) return {};
  const scores = gradedScores(all);
  const metrics: Record<string, number> = {};
  if (scores.length > 0) {
    const centre = average(scores);
    metrics['reward.mean'] = centre;
    metrics['reward.std'] = Math.sqrt(average(scores.map((score) => (score - centre) ** 2)));
    metrics['reward.passAt1'] = scores.filter((score) => score >= passThreshold).length / scores.length;
  }
  Object.assign(metrics, groupPassAtK(groups, passThreshold));
  for (const [name, value] of Object.entries(partMeans(all))) metrics[`reward.parts.${name}`] = value;
  metrics['groups.zeroVariance'] =
    groups.filter((group) => isUninformative(rewardsOf(group))).length / groups.length;
  metrics['grades.failed'] = (all.length - scores.length) / all.length;
  const lengths = all.map((trajectory) => trajectory.tokens.length - trajectory.promptLength);
  metrics['length.mean'] = average(lengths);
  metrics['length.max'] = Math.max(...lengths);
  metrics['length.cutShare'] = all.filter((one) => one.finishReason === 'length').length / all.length;
  const [surprise, tokens] = maskedSum(all);
  metrics['tokens.sampled'] = tokens;
  if (tokens > 0) metrics.entropy = surprise / tokens;
  return metrics;
}

/** pass@k over the groups whose attempts were all graded, for the largest size a group has; nothing when that is 1. */
function groupPassAtK(groups: readonly Group[], passThreshold: number): Record<string, number> {
  const k = groups.reduce((most, { trajectories }) => Math.max(most, trajectories.length), 0);
  const whole = groups.map((group) => gradedScores(group.trajectories)).filter(({ length }) => length === k);
  if (k < 2 || whole.length === 0) return {};
  const passes = whole.map((scores) => scores.filter((score) => score >= passThreshold).length);
  return { [`reward.passAt${k}`]: average(passes.map((c) => passAtK(k, c, k))) };
}

/** Σ -log π over the model's tokens, and their number. */
function maskedSum(trajectories: readonly Trajectory[]): [surprise: number, tokens: number] {
  let surprise = 0;
  let tokens = 0;
  for (const { lossMask, logprobs } of trajectories)
    for (let t = 0; t < lossMask.length; t++)
      if (lossMask[t] > 0) {
        surprise -= logprobs[t];
        tokens++;
      }
  return [surprise, tokens];
}

/** Mean and largest |log π at sampling - log π by forward| over the model's tokens. */
export function logprobGap(
  trajectories: readonly Trajectory[],
  forward: readonly ArrayLike<number>[],
): Record<string, number> {
  let total = 0;
  let largest = 0;
  let tokens = 0;
  trajectories.forEach(({ lossMask, logprobs }, i) => {
    for (let t = 0; t < lossMask.length; t++) {
      if (!(lossMask[t] > 0)) continue;
      const gap = Math.abs(logprobs[t] - forward[i][t]);
      total += gap;
      largest = Math.max(largest, gap);
      tokens++;
    }
  });
  return tokens === 0 ? {} : { 'logprobGap.mean': total / tokens, 'logprobGap.max': largest };
}

/** Attempts that the gap is measured on when the method did not score all: enough to notice, cheap enough for each step. */
const GAP_SAMPLE = 16;

/** Measures the gap on attempts spread evenly over those made by the engine's present weights. */
export async function sampledLogprobGap(
  engine: FrozenEngine,
  groups: readonly Group[],
  onTime: (part: 'score', seconds: number) => void,
): Promise<Record<string, number>> {
  const fresh = groups
    .flatMap((group) => group.trajectories)
    .filter((trajectory) => trajectory.weightsVersion === engine.weightsVersion);
  const n = Math.min(GAP_SAMPLE, fresh.length);
  if (n === 0) return {};
  const chosen = Array.from({ length: n }, (_, i) => fresh[Math.floor((i * fresh.length) / n)]);
  const started = performance.now();
  const { logprobs } = await engine.forward(chosen.map((trajectory) => trajectory.tokens));
  onTime('score', (performance.now() - started) / 1000);
  return logprobGap(chosen, logprobs);
}

/** Precision that the present weights are sampled in, 1 for int8 and 0 for float32, and int8's gap; nothing where int8 was not asked for. */
export function precisionMetrics({ samplingPrecision }: FrozenEngine): Record<string, number> {
  if (samplingPrecision === undefined) return {};
  const { gap, precision } = samplingPrecision;
  return { 'sampling.int8': precision === 'int8' ? 1 : 0, 'sampling.int8Gap': gap };
}

/** What one update did. */
export interface UpdateFigures {
  result: StepResult;
  gradNorm: number;
  skipped: boolean;
}

/** Means over a step's updates. */
export function updateMetrics(updates: readonly UpdateFigures[]): Record<string, number> {
  const metrics: Record<string, number> = {
    updates: updates.length,
    'updates.skipped': updates.filter((update) => update.skipped).length,
  };
  if (updates.length === 0) return metrics;
  metrics.loss = average(updates.map((update) => update.result.loss));
  metrics.gradNorm = average(updates.map((update) => update.gradNorm));
  for (const name of Object.keys(updates[0].result.metrics))
    metrics[name] = average(updates.map((update) => update.result.metrics[name]));
  return metrics;
}
