/** What is believed of each task's success rate: a beta distribution that forgets exponentially. */

/** What a step showed of one task. */
export interface TaskOutcome {
  index: number;
  /** Graded attempts, at least 1. */
  attempts: number;
  /** Sum of their scores in [0, 1]: with right or wrong answers, the number of right ones. */
  successes: number;
}

export interface BeliefOptions {
  /** λ: 0 keeps all history, 1 only the latest step and the prior. */
  forgetting: number;
  /** a and b before anything is known; at least 1. */
  prior: number;
}

/** Beta(a, b) of every task. */
export interface Beliefs {
  a: Float64Array;
  b: Float64Array;
}

export function priorBeliefs(size: number, { prior }: BeliefOptions): Beliefs {
  return { a: new Float64Array(size).fill(prior), b: new Float64Array(size).fill(prior) };
}

/**
 * Beliefs after a step, in place, for every task:
 *
 *     a ← (1 - λ) a + λ a0 + (1 - ρ) s + ρ s̃        b ← (1 - λ) b + λ b0 + (1 - ρ) f + ρ f̃
 *
 * ("BOTS", arXiv 2510.26374: explicit evidence s, f from attempts, implicit evidence s̃, f̃ from predictions.) An attempted
 * task's observed rate stands in for its prediction, so it gains its whole counts whatever ρ is; any other task gains ρ n
 * pseudo-attempts at its predicted rate. `predictions`: a rate in [0, 1] for each task; undefined: no implicit evidence.
 * `attempts`: n, attempts that a prediction counts as.
 */
export function updateBeliefs(
  { a, b }: Beliefs,
  outcomes: readonly TaskOutcome[],
  predictions: ArrayLike<number> | undefined,
  {
    forgetting,
    prior,
    implicitWeight,
    attempts,
  }: BeliefOptions & { implicitWeight: number; attempts: number },
): void {
  const explicit = new Map(outcomes.map((outcome) => [outcome.index, outcome]));
  for (let k = 0; k < a.length; k++) {
    const seen = explicit.get(k);
    const n = seen?.attempts ?? (predictions === undefined ? 0 : implicitWeight * attempts);
    const successes = seen?.successes ?? n * (predictions?.[k] ?? 0);
    a[k] = (1 - forgetting) * a[k] + forgetting * prior + successes;
    b[k] = (1 - forgetting) * b[k] + forgetting * prior + (n - successes);
  }
}
