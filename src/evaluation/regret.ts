/** What a model's answers are worth along its token budget: the anytime curve and the regret of not being right yet. */

/** Accuracy in [0, 1] of the answer given after so many tokens (those of the answer included). */
export interface AnytimePoint {
  tokens: number;
  accuracy: number;
}

/** Points sorted by tokens, from (0, 0) on; of several at the same count the last one given stays. */
function curveOf(name: string, points: readonly AnytimePoint[]): AnytimePoint[] {
  for (const { tokens, accuracy } of points) {
    if (!(tokens >= 0 && tokens < Infinity))
      throw new RangeError(`${name}: tokens is ${tokens}, expected a finite number from 0`);
    if (!(accuracy >= 0 && accuracy <= 1))
      throw new RangeError(`${name}: accuracy is ${accuracy}, expected 0..1`);
  }
  const byTokens = new Map([[0, 0]]);
  for (const { tokens, accuracy } of points) byTokens.set(tokens, accuracy);
  return [...byTokens]
    .map(([tokens, accuracy]) => ({ tokens, accuracy }))
    .sort((a, b) => a.tokens - b.tokens);
}

function checkBudget(name: string, budget: number): void {
  if (!(budget > 0 && budget < Infinity))
    throw new RangeError(`${name}: budget is ${budget}, expected a finite number above 0`);
}

function interpolate(curve: readonly AnytimePoint[], tokens: number): number {
  const next = curve.findIndex((point) => point.tokens >= tokens);
  if (next === -1) return curve[curve.length - 1].accuracy;
  if (next === 0) return curve[0].accuracy;
  const [a, b] = [curve[next - 1], curve[next]];
  return a.accuracy + ((b.accuracy - a.accuracy) * (tokens - a.tokens)) / (b.tokens - a.tokens);
}

/**
 * Accuracy at a budget of tokens: linear between the points, which start at (0, 0), and held flat after the last one, since a
 * model that stops early keeps its answer. Throws a RangeError on points or a budget out of range.
 */
export function accuracyAtBudget(points: readonly AnytimePoint[], budget: number): number {
  checkBudget('accuracyAtBudget', budget);
  return interpolate(curveOf('accuracyAtBudget', points), budget);
}

/**
 * Normalised regret of one trace at a token budget, in [0, 1]: 1 minus the area under its anytime curve up to the budget,
 * divided by the budget (trapezoids; the comparator is right from the start). The curve is that of `accuracyAtBudget`.
 * Average over the traces of a problem, then over problems. Source: Qu et al. 2025, "Optimizing Test-Time Compute via
 * Meta Reinforcement Fine-Tuning", as in the authors' code.
 * Throws a RangeError on points or a budget out of range.
 */
export function normalisedRegret(points: readonly AnytimePoint[], budget: number): number {
  checkBudget('normalisedRegret', budget);
  const curve = curveOf('normalisedRegret', points);
  const inside = curve.filter(({ tokens }) => tokens < budget);
  const whole = [...inside, { tokens: budget, accuracy: interpolate(curve, budget) }];
  let area = 0;
  for (let i = 1; i < whole.length; i++) {
    const [a, b] = [whole[i - 1], whole[i]];
    area += ((a.accuracy + b.accuracy) / 2) * (b.tokens - a.tokens);
  }
  return 1 - area / budget;
}

/**
 * Cumulative regret over episodes: Σ_j (best_j - value_j), where value_j is the chance of a right answer after episode j
 * and best_j that of the best policy with as many episodes (1 for all unless given). Qu et al. 2025, definition of Δ_k.
 * Throws a RangeError when a list of comparators has another length.
 */
export function cumulativeRegret(values: readonly number[], best: number | readonly number[] = 1): number {
  if (typeof best !== 'number' && best.length !== values.length)
    throw new RangeError(
      `cumulativeRegret: ${values.length} values and ${best.length} comparators, expected as many`,
    );
  return values.reduce((sum, value, j) => sum + (typeof best === 'number' ? best : best[j]) - value, 0);
}
