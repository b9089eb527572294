/** For tests: a learner whose success rate on every task is known, and rises while it learns. */
import { rng } from '../../random/index.ts';
import { type BayesianOptions, bayesian, interpolation, uniform } from '../index.ts';

const TASKS = 1500;
const STEPS = 150;
const BATCH = 16;
const ATTEMPTS = 8;
/** Abilities, on the scale of difficulties, of the references, and of the learner at the start and at the end. */
const ABILITY = { weak: -2, strong: 2, start: -2, end: 2 };

export interface Simulated {
  /** Mean share of selected tasks with both right and wrong attempts over the first and the last fifth of the steps. */
  early: number;
  late: number;
  /** Mean |believed - true success rate| over all tasks at the end; NaN where nothing is believed. */
  error: number;
}

/** Success rates are logistic in ability minus difficulty, with a part of each task's own that no reference shows. */
export function simulate(options: BayesianOptions | 'uniform', seed: number): Simulated {
  const random = rng(seed, 'simulated learner');
  const difficulty = Array.from({ length: TASKS }, () => 2 * random.normal());
  const own = difficulty.map(() => 0.5 * random.normal());
  const rate = (ability: number, k: number) => 1 / (1 + Math.exp(-1.5 * (ability - difficulty[k])));
  const right = (p: number) => Array.from({ length: ATTEMPTS }, () => Number(random.uniform() < p));
  const measured = (ability: number) =>
    difficulty.map((_, k) => right(rate(ability, k)).reduce((a, b) => a + b) / ATTEMPTS);
  const references = { weak: measured(ABILITY.weak), strong: measured(ABILITY.strong) };
  const believing =
    options === 'uniform'
      ? undefined
      : bayesian(TASKS, options, interpolation(references, { momentum: 0.9, minGap: 0.02 }), seed);
  const curriculum = believing ?? uniform(TASKS, seed);
  let ability = ABILITY.start;
  const truth = (k: number) => rate(ability + own[k], k);
  const effective: number[] = [];
  for (let step = 0; step < STEPS; step++) {
    const results = curriculum
      .next(BATCH, step)
      .map((index) => ({ index, scores: right(truth(index)), failed: 0 }));
    curriculum.observe(results);
    const mixed = results.filter(({ scores }) => new Set(scores).size > 1).length / BATCH;
    effective.push(mixed);
    ability += (ABILITY.end - ABILITY.start) / STEPS;
  }
  const average = (xs: readonly number[]) => xs.reduce((a, b) => a + b, 0) / xs.length;
  const errors = (believing?.rates() ?? []).map((believed, k) => Math.abs(believed - truth(k)));
  return {
    early: average(effective.slice(0, STEPS / 5)),
    late: average(effective.slice(-STEPS / 5)),
    error: average(errors),
  };
}
