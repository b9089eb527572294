/** How many tokens it takes to be right as often. */
import type { AnytimePoint } from './regret.ts';

function sorted(name: string, curve: readonly AnytimePoint[]): AnytimePoint[] {
  if (curve.length === 0) throw new RangeError(`${name}: no points, expected at least one`);
  for (const { tokens, accuracy } of curve)
    if (!(tokens >= 0) || !Number.isFinite(accuracy))
      throw new RangeError(
        `${name}: point (${tokens}, ${accuracy}), expected tokens from 0 and a finite accuracy`,
      );
  return [...curve].sort((a, b) => a.tokens - b.tokens);
}

/**
 * Fewest tokens at which a curve reaches an accuracy, linear between its points; undefined where it never does.
 * Throws a RangeError on an empty curve or points out of range.
 */
export function tokensToReach(curve: readonly AnytimePoint[], accuracy: number): number | undefined {
  const points = sorted('tokensToReach', curve);
  const at = points.findIndex((point) => point.accuracy >= accuracy);
  if (at <= 0) return at === 0 ? points[0].tokens : undefined;
  const [a, b] = [points[at - 1], points[at]];
  return a.tokens + ((accuracy - a.accuracy) / (b.accuracy - a.accuracy)) * (b.tokens - a.tokens);
}

/** Two models compared at one accuracy. */
export interface TokenEfficiency {
  accuracy: number;
  baselineTokens: number;
  candidateTokens: number;
  /** Baseline's tokens over the candidate's: above 1 where the candidate needs fewer. */
  ratio: number;
}

/**
 * Tokens that two models need for the same accuracy: the given one, or the highest that both reach. Undefined where one of them
 * does not reach it. Token efficiency of Qu et al. 2025 (MRT). Throws as `tokensToReach` does, and when the candidate
 * needs no tokens at all.
 */
export function tokenEfficiency(
  baseline: readonly AnytimePoint[],
  candidate: readonly AnytimePoint[],
  accuracy?: number,
): TokenEfficiency | undefined {
  const highest = (curve: readonly AnytimePoint[]) => Math.max(...curve.map((point) => point.accuracy));
  const matched = accuracy ?? Math.min(highest(baseline), highest(candidate));
  const baselineTokens = tokensToReach(baseline, matched);
  const candidateTokens = tokensToReach(candidate, matched);
  if (baselineTokens === undefined || candidateTokens === undefined) return undefined;
  if (candidateTokens === 0)
    throw new RangeError(`tokenEfficiency: the candidate reaches ${matched} with 0 tokens: no ratio`);
  return { accuracy: matched, baselineTokens, candidateTokens, ratio: baselineTokens / candidateTokens };
}
