/** Implicit evidence: success rates of all tasks, predicted from where the model stands between two known ones. */
import type { Json } from '../curriculum.ts';
import type { TaskOutcome } from './beliefs.ts';

/** Predicts success rates of tasks that were not attempted. */
export interface ImplicitEvidence {
  /** Learns from a step, and gives a rate in [0, 1] for every task; undefined while nothing can be said. */
  observe(outcomes: readonly TaskOutcome[]): Float64Array | undefined;
  state(): Json;
  /** Figures for the record. */
  metrics(): Record<string, number>;
  restore(state: Json): void;
}

/** Success rates, in [0, 1], of a weak and a strong model on every task. */
export interface ReferenceRates {
  weak: readonly number[];
  strong: readonly number[];
}

export interface InterpolationOptions {
  /** γ: weight of the past in the smoothed position. */
  momentum: number;
  /** A step on whose tasks the mean rates of the two models differ by less moves nothing. */
  minGap: number;
}

const average = (values: readonly number[]) => values.reduce((sum, x) => sum + x, 0) / values.length;

/**
 * μ = (mean observed rate - mean weak rate) / (mean strong rate - mean weak rate + 1e-6) over a step's tasks, a ratio of
 * means, smoothed over steps by γ; p̃_k = clip(weak_k + μ (strong_k - weak_k), 0, 1) ("BOTS", arXiv 2510.26374).
 * μ may leave [0, 1].
 * Throws a RangeError where the lists differ in length or a rate is not in [0, 1].
 */
export function interpolation(
  { weak, strong }: ReferenceRates,
  { momentum, minGap }: InterpolationOptions,
): ImplicitEvidence {
  if (weak.length !== strong.length)
    throw new RangeError(
      `implicit evidence: ${weak.length} weak and ${strong.length} strong rates, expected as many of both`,
    );
  for (const [name, rates] of Object.entries({ weak, strong })) {
    const wrong = rates.findIndex((rate) => !(rate >= 0 && rate <= 1));
    if (wrong >= 0)
      throw new RangeError(
        `implicit evidence: the ${name} rate of task ${wrong} is ${rates[wrong]}, expected 0 to 1`,
      );
  }
  let position: number | null = null;
  return {
    observe(outcomes) {
      if (outcomes.length > 0) {
        const low = average(outcomes.map(({ index }) => weak[index]));
        const gap = average(outcomes.map(({ index }) => strong[index])) - low;
        if (Math.abs(gap) >= minGap) {
          const raw =
            (average(outcomes.map(({ successes, attempts }) => successes / attempts)) - low) / (gap + 1e-6);
          position = position === null ? raw : momentum * position + (1 - momentum) * raw;
        }
      }
      if (position === null) return undefined;
      const mu = position;
      return Float64Array.from(weak, (rate, k) => Math.min(1, Math.max(0, rate + mu * (strong[k] - rate))));
    },
    metrics: (): Record<string, number> => (position === null ? {} : { position }),
    state: () => position,
    restore(state) {
      if (state !== null && typeof state !== 'number')
        throw new Error(`implicit evidence: cannot go on from ${JSON.stringify(state)}, expected a number`);
      position = state;
    },
  };
}
