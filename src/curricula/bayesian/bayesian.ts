/** Bayesian online task selection: keeps a belief of every task's success rate, and chooses tasks that are neither solved nor hopeless. */
import { rng } from '../../random/index.ts';
import type { Curriculum, Json, TaskResult } from '../curriculum.ts';
import { agreement } from './agreement.ts';
import { type BeliefOptions, priorBeliefs, type TaskOutcome, updateBeliefs } from './beliefs.ts';
import type { ImplicitEvidence } from './interpolation.ts';
import { type SelectOptions, selectTasks } from './select.ts';

export interface BayesianOptions extends BeliefOptions, SelectOptions {
  /** ρ: weight of implicit evidence, 0 to 1. */
  implicitWeight: number;
  /** Halve ρ in a step whose predictions are off by at least this on average; absent: never. */
  adaptAbove?: number;
}

/** A curriculum that says how it is doing. */
export interface BayesianCurriculum extends Curriculum {
  /** Figures of the last step that was observed. */
  metrics(): Record<string, number>;
  /** Mean of the belief of each task. */
  rates(): number[];
}

interface State {
  kind: 'bayesian';
  draws: number;
  implicitWeight: number;
  a: number[];
  b: number[];
  evidence: Json;
}

const KIND = 'bayesian';

/** Attempts of a step by task; a task that came twice is one, and one whose attempts all failed to be graded is none. */
function outcomesOf(results: readonly TaskResult[]): TaskOutcome[] {
  const byTask = new Map<number, TaskOutcome>();
  for (const { index, scores } of results) {
    if (scores.length === 0) continue;
    const outcome = byTask.get(index) ?? { index, attempts: 0, successes: 0 };
    outcome.attempts += scores.length;
    outcome.successes += scores.reduce((sum, x) => sum + x, 0);
    byTask.set(index, outcome);
  }
  return [...byTask.values()];
}

/**
 * Selects among `size` tasks: Beta(a, b) beliefs with forgetting, updated after every step with explicit evidence for the
 * tasks attempted and implicit evidence for all others, and Thompson sampling towards a target success rate ("BOTS",
 * arXiv 2510.26374). With ρ = 0 and λ = 0 it is like MoPPS; with ρ = 1, λ = 1 and greedy choice like DOTS.
 * Draws are named by (seed, ...path, 'select', their number). `evidence` is left out where there is none.
 *
 * `next` throws a RangeError when asked for more tasks than there are.
 */
export function bayesian(
  size: number,
  options: BayesianOptions,
  evidence: ImplicitEvidence | undefined,
  seed: number,
  ...path: (string | number)[]
): BayesianCurriculum {
  if (!(Number.isInteger(size) && size >= 1))
    throw new RangeError(`bayesian curriculum: the pool has ${size} tasks, expected a whole number from 1`);
  const beliefs = priorBeliefs(size, options);
  let draws = 0;
  let { implicitWeight } = options;
  let metrics: Record<string, number> = {};
  return {
    next(count) {
      if (!(Number.isInteger(count) && count >= 1 && count <= size))
        throw new RangeError(
          `bayesian curriculum: count is ${count}, expected a whole number from 1 to the ${size} tasks of the pool`,
        );
      return selectTasks(beliefs, count, rng(seed, ...path, 'select', draws++), options);
    },
    observe(results) {
      const outcomes = outcomesOf(results);
      const predictions = implicitWeight > 0 ? evidence?.observe(outcomes) : undefined;
      metrics = {
        ...effectiveShare(outcomes),
        ...evidence?.metrics(),
        ...(predictions ? agreement(outcomes, predictions) : {}),
      };
      const { adaptAbove } = options;
      if (adaptAbove !== undefined && metrics.predictionGap >= adaptAbove) implicitWeight /= 2;
      const attempts = Math.max(0, ...outcomes.map((outcome) => outcome.attempts));
      updateBeliefs(beliefs, outcomes, predictions, { ...options, implicitWeight, attempts });
      metrics.implicitWeight = implicitWeight;
    },
    metrics: () => metrics,
    rates: () => Array.from(beliefs.a, (a, k) => a / (a + beliefs.b[k])),
    state(): Json {
      const state: State = {
        kind: KIND,
        draws,
        implicitWeight,
        a: [...beliefs.a],
        b: [...beliefs.b],
        evidence: evidence?.state() ?? null,
      };
      return { ...state };
    },
    restore(json) {
      const state = json as Partial<State> | null;
      if (state?.kind !== KIND || state.a?.length !== size || state.b?.length !== size)
        throw new Error(
          `bayesian curriculum: cannot go on from a state of kind ${JSON.stringify(state?.kind)} with ${state?.a?.length ?? 0} tasks, expected kind 'bayesian' with ${size}`,
        );
      draws = Number(state.draws);
      implicitWeight = Number(state.implicitWeight);
      beliefs.a.set(state.a);
      beliefs.b.set(state.b);
      evidence?.restore(state.evidence ?? null);
    },
  };
}

/** Effective task ratio: the share of tasks attempted whose attempts neither all succeeded nor all failed. */
function effectiveShare(outcomes: readonly TaskOutcome[]): Record<string, number> {
  if (outcomes.length === 0) return {};
  const mixed = outcomes.filter(({ attempts, successes }) => successes > 0 && successes < attempts);
  return { effectiveTasks: mixed.length / outcomes.length };
}
