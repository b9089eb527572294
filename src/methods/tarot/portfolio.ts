/** TAROT's portfolio: which tiers of tests count at which part of the training, and how much. */
import { type Staged, stagedValue } from '../../curricula/index.ts';
import { TIERS, type Tier } from '../../graders/index.ts';

/** Two dials: the tiers that are active in each stage, and what passing each tier is worth. */
export interface TierPolicy {
  active: Staged<readonly Tier[]>;
  weights: Readonly<Record<Tier, number>>;
}

const EDGES = [0.2, 0.4, 0.6];
const ALL = TIERS;

const weights = (basic: number, medium: number, high: number, edge: number) => ({
  basic,
  medium,
  high,
  edge,
});
const staged = (...values: (readonly Tier[])[]) => ({ edges: EDGES, values });
const throughout = (...tiers: Tier[]) => ({ edges: [], values: [tiers] });

const EASY_TO_HARD = staged(['basic'], ['basic', 'medium'], ['basic', 'medium', 'high'], ALL);
const HARD_FIRST = staged(['high'], ['high', 'edge'], ['medium', 'high', 'edge'], ALL);
const EVEN = weights(0.25, 0.25, 0.25, 0.25);
const EASY_WEIGHTED = weights(0.35, 0.35, 0.15, 0.15);
const HARD_WEIGHTED = weights(0.15, 0.15, 0.35, 0.35);

/** The policies by name, as in the authors' recipes; `average` is their baseline without any curriculum. */
export const portfolio = {
  uni: { active: EASY_TO_HARD, weights: EVEN },
  var: { active: EASY_TO_HARD, weights: EASY_WEIGHTED },
  'var-asce-normal': { active: EASY_TO_HARD, weights: HARD_WEIGHTED },
  'var-asce-rev': { active: HARD_FIRST, weights: HARD_WEIGHTED },
  'basic-only': { active: throughout('basic'), weights: weights(1, 0, 0, 0) },
  'complex-only': { active: throughout('high'), weights: weights(0, 0, 1, 0) },
  'edge-only': { active: throughout('edge'), weights: weights(0, 0, 0, 1) },
  average: { active: throughout(...ALL), weights: EVEN },
} as const satisfies Readonly<Record<string, TierPolicy>>;

export type PolicyName = keyof typeof portfolio;

/**
 * Σ over the tiers that are active at this progress (share of the pass, 0 to 1) and that the task tests, of weight times the
 * share of the tier's tests that pass. It is not divided by the active weight: its ceiling grows as tiers join.
 */
export function tierReward(
  passed: Readonly<Partial<Record<string, number>>>,
  { active, weights: worth }: TierPolicy,
  progress: number,
): number {
  return stagedValue(active, progress).reduce((sum, tier) => sum + worth[tier] * (passed[tier] ?? 0), 0);
}

/** Success rate of the whole suite below which a model counts as weak. */
export const WEAK_BELOW = 0.35;

/** The policy for a model of this capability (its success rate on whole suites): easy to hard for weak ones, hard first for others. */
export function policyFor(capability: number, weakBelow = WEAK_BELOW): PolicyName {
  return capability < weakBelow ? 'var-asce-normal' : 'var-asce-rev';
}
