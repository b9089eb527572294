/** TruthRL's rewards: of the outcome, of whether the question can be known, and of the reasoning. */
import type { TruthOutcome } from '../../graders/index.ts';

export interface TruthRewardOptions {
  /** `ternary`: 1, `abstain`, -1 for right, abstaining and wrong answers; `binary`: abstaining is as bad as being wrong. */
  reward: 'ternary' | 'binary';
  /** Reward of an abstention under `ternary`; the best policy abstains where the chance of being right is below (1 + abstain) / 2. */
  abstain: number;
}

/**
 * Reward of an answer, in [-1, 1]. Where the question is known to lie `beyond` the model's knowledge, abstaining gives 1 and
 * anything else -1, whatever the scheme ("knowledge-enhanced"; Wei et al. 2025, "TruthRL").
 */
export function truthReward(
  outcome: TruthOutcome,
  { reward, abstain }: TruthRewardOptions,
  beyond = false,
): number {
  if (beyond) return outcome === 'abstained' ? 1 : -1;
  if (outcome === 'correct') return 1;
  return outcome === 'abstained' && reward === 'ternary' ? abstain : -1;
}

/** How a score of the reasoning joins the reward of the outcome. */
export type ReasoningCombination = 'add' | 'multiply' | 'conditional';

/**
 * The outcome's reward r with a score s in [0, 1] of the reasoning: r + s, r · s, or r + s only where the answer is right
 * ("reasoning-enhanced"; the paper names the three kinds, the formulas are ours).
 */
export function withReasoning(
  reward: number,
  score: number,
  combine: ReasoningCombination,
  outcome: TruthOutcome,
): number {
  if (combine === 'multiply') return reward * score;
  return combine === 'add' || outcome === 'correct' ? reward + score : reward;
}
