/** Task selection. */
export { type BayesianCurriculum, type BayesianOptions, bayesian } from './bayesian/bayesian.ts';
export {
  type ImplicitEvidence,
  type InterpolationOptions,
  interpolation,
  type ReferenceRates,
} from './bayesian/interpolation.ts';
export type { Curriculum, Json, TaskResult } from './curriculum.ts';
export { sequential, shuffled } from './cursor.ts';
export { easiestFirst, uniform } from './pool.ts';
export { type Staged, stageAt, stagedValue } from './staged.ts';
export { subset } from './subset.ts';
