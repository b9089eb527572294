/** The progress bonus on episodes: forced answers at every boundary say what each episode brought. */
import {
  episodeProgress,
  progressAdvantages,
  progressNoise,
  spreadEpisodes,
} from '../../objectives/index.ts';
import { type AnytimeTrace, anytimeTraces } from '../../rollout/index.ts';
import type { MethodContext, StepContext } from '../../training/index.ts';
import { type Attempt, byGroup } from '../shared/attempts.ts';
import type { RolloutConfig } from '../shared/options.ts';
import { type EpisodeConfig, marksOf, proverOptions } from './options.ts';

export interface BonusConfig extends EpisodeConfig, RolloutConfig {
  alpha: number;
  /** What progress is divided by. */
  normaliseProgress: 'std' | 'none';
  /** Whether it is centred at all. */
  centreProgress: boolean;
}

const meanOf = (xs: readonly number[]) => xs.reduce((a, b) => a + b, 0) / xs.length;

/**
 * Adds α · progress to the advantages that attempts already have: every token of episode z_j gets that of its own episode,
 * not what came after, since in J_MRT(π) = E[r] + α E[Σ_j r_prg(z_j; c_{j-1})] only z_j is of π, and its prefix is given.
 */
export async function addEpisodeBonus(
  attempts: readonly Attempt[],
  config: BonusConfig,
  context: MethodContext,
  step: StepContext,
): Promise<Record<string, number>> {
  if (attempts.length === 0) return {};
  const options = proverOptions(config, context, step);
  const { traces, sampled, ended } = await anytimeTraces(
    attempts.map(({ trajectory }) => trajectory),
    marksOf(config),
    options,
  );
  const traceOf = new Map(attempts.map((attempt, i) => [attempt, traces[i]]));
  const progressOf = (attempt: Attempt) => episodeProgress(traceOf.get(attempt)?.values ?? []);
  for (const group of byGroup(attempts)) {
    const bonus = progressAdvantages(group.map(progressOf), {
      normalise: config.normaliseProgress,
      centre: config.centreProgress,
    });
    group.forEach((attempt, i) => {
      addTo(attempt, bonus[i], traceOf.get(attempt) as AnytimeTrace, config.alpha);
    });
  }
  return { ...figures(traces, options.samples), 'tokens.forced': sampled, 'forced.ended': ended };
}

function addTo(attempt: Attempt, bonus: readonly number[], trace: AnytimeTrace, alpha: number): void {
  const { promptLength, lossMask } = attempt.trajectory;
  const ends = trace.boundaries.slice(1).map((end) => promptLength + end);
  const outcome = attempt.advantages;
  attempt.advantages = Float32Array.from(
    spreadEpisodes(bonus, ends, lossMask),
    (progress, t) => (outcome?.[t] ?? 0) + alpha * progress,
  );
}

/** Progress, its spread and that of mere noise, the value of the problem alone and of whole thinkings, and episodes a completion. */
function figures(traces: readonly AnytimeTrace[], samples: number): Record<string, number> {
  const known = (xs: readonly (number | undefined)[]) => xs.filter((x) => x !== undefined);
  const progress = known(traces.flatMap(({ values }) => episodeProgress(values)));
  const starts = known(traces.map(({ values }) => values[0]));
  const finals = known(traces.map(({ values }) => values[values.length - 1]));
  const metrics: Record<string, number> = {
    'episodes.mean': meanOf(traces.map(({ boundaries }) => boundaries.length - 1)),
  };
  if (starts.length > 0) metrics['forced.start'] = meanOf(starts);
  if (finals.length > 0) metrics['forced.end'] = meanOf(finals);
  if (progress.length === 0) return metrics;
  const centre = meanOf(progress);
  metrics['progress.mean'] = centre;
  metrics['progress.std'] = Math.sqrt(meanOf(progress.map((x) => (x - centre) ** 2)));
  const noise = progressNoise(
    traces.map(({ values }) => values),
    samples,
  );
  if (noise !== undefined) metrics['progress.noise'] = noise;
  metrics['progress.none'] = progress.filter((x) => x === 0).length / progress.length;
  return metrics;
}
