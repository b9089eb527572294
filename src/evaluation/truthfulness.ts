/** How truthful a set of answers is: right, abstaining and wrong shares, and what they add up to. */

/** What an attempt at a question came to. */
type Outcome = 'correct' | 'abstained' | 'wrong';

/** Shares of the answers; accuracy, abstention and hallucination add up to 1. */
export interface TruthfulnessFigures {
  accuracy: number;
  /** Share of "I do not know"; the paper's uncertainty rate. */
  abstention: number;
  /** Share of wrong answers. */
  hallucination: number;
  /** w1 accuracy + w2 abstention - w3 hallucination. */
  truthfulness: number;
}

/** Weights of right, abstaining and wrong answers. */
export interface TruthfulnessWeights {
  correct?: number;
  abstained?: number;
  wrong?: number;
}

/**
 * Truthfulness = w1 Acc + w2 Unc - w3 Hall (Wei et al. 2025, "TruthRL"); with the default weights 1, 0, 1 it is accuracy less
 * hallucination, in [-1, 1]. Throws a RangeError when there is no outcome.
 */
export function truthfulness(
  outcomes: readonly Outcome[],
  { correct = 1, abstained = 0, wrong = 1 }: TruthfulnessWeights = {},
): TruthfulnessFigures {
  if (outcomes.length === 0) throw new RangeError('truthfulness: 0 outcomes, expected at least one');
  const share = (kind: Outcome) => outcomes.filter((one) => one === kind).length / outcomes.length;
  const [accuracy, abstention, hallucination] = [share('correct'), share('abstained'), share('wrong')];
  return {
    accuracy,
    abstention,
    hallucination,
    truthfulness: correct * accuracy + abstained * abstention - wrong * hallucination,
  };
}
