/** How well predicted success rates agree with what was then observed. */
import type { TaskOutcome } from './beliefs.ts';

const average = (values: readonly number[]) => values.reduce((sum, x) => sum + x, 0) / values.length;

/** Pearson's r; undefined where either side is constant. */
function pearson(xs: readonly number[], ys: readonly number[]): number | undefined {
  const [x, y] = [average(xs), average(ys)];
  const covariance = average(xs.map((v, i) => (v - x) * (ys[i] - y)));
  const scale = Math.sqrt(average(xs.map((v) => (v - x) ** 2)) * average(ys.map((v) => (v - y) ** 2)));
  return scale > 0 ? covariance / scale : undefined;
}

/** `predictionGap`, the mean |predicted - observed rate| of a step's tasks, and `predictionCorrelation`, Pearson's r. */
export function agreement(
  outcomes: readonly TaskOutcome[],
  predictions: ArrayLike<number>,
): Record<string, number> {
  if (outcomes.length === 0) return {};
  const observed = outcomes.map(({ attempts, successes }) => successes / attempts);
  const predicted = outcomes.map(({ index }) => predictions[index]);
  const predictionGap = average(observed.map((rate, i) => Math.abs(rate - predicted[i])));
  const r = pearson(observed, predicted);
  return r === undefined ? { predictionGap } : { predictionGap, predictionCorrelation: r };
}
