/** How much of what fine-tuning took away comes back when tasks are asked otherwise. */

/** Accuracies (or other figures of which more is better) on a task that was not fine-tuned on. */
export interface ConjugateAccuracies {
  /** Before and after fine-tuning, asked as usual. */
  baseDirect: number;
  tunedDirect: number;
  /** Before and after, asked through a transformation. */
  baseConjugate: number;
  tunedConjugate: number;
}

export interface ConjugateFigures {
  /** baseDirect - tunedDirect. */
  forgetting: number;
  /** baseConjugate - tunedConjugate. */
  forgettingThrough: number;
  /** (tunedConjugate - tunedDirect) / forgetting: 1 where everything comes back, 0 where nothing does. */
  recovery: number;
  /** forgettingThrough / forgetting: below 1, less is forgotten through the transformation. */
  gapRatio: number;
}

/**
 * Forgetting with and without a transformation of the prompts, after Kotha et al. 2023, "Understanding Catastrophic
 * Forgetting in Language Models via Implicit Inference". The two ratios are NaN where nothing was forgotten directly.
 * Compare forgetting through the transformation with the base through it: a transformation may hurt the base as well.
 */
export function conjugateFigures(figures: ConjugateAccuracies): ConjugateFigures {
  const { baseDirect, tunedDirect, baseConjugate, tunedConjugate } = figures;
  const forgetting = baseDirect - tunedDirect;
  const forgettingThrough = baseConjugate - tunedConjugate;
  const ratio = (value: number) => (forgetting > 0 ? value / forgetting : Number.NaN);
  return {
    forgetting,
    forgettingThrough,
    recovery: ratio(tunedConjugate - tunedDirect),
    gapRatio: ratio(forgettingThrough),
  };
}
