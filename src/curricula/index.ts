/** Task selection. */
export { type BayesianCurriculum, type BayesianOptions, bayesian } from './bayesian/bayesian.ts';
export { betaVariate } from './bayesian/beta.ts';
export {
  type ImplicitEvidence,
  type InterpolationOptions,
  interpolation,
  type ReferenceRates,
} from './bayesian/interpolation.ts';
export type { Curriculum, Json, TaskResult } from './curriculum.ts';
export { sequential, shuffled } from './cursor.ts';
export { easiestFirst, uniform } from './pool.ts';
