/** Reproductions of papers: declared, run in worker processes, judged and reported; and the list of papers. */
export type { ArmContext, TrainArmOptions } from './arm-context.ts';
export {
  type BaseOptions,
  type BaseRecord,
  type BaseSpec,
  baseModel,
  baseName,
  baseRecord,
} from './base-model.ts';
export { cacheFolder } from './cache.ts';
export { type CriterionResult, judgeCriterion, type ResultsBySeed, type Verdict } from './criteria.ts';
export type { ComparisonCriterion, Criterion, ValueCriterion } from './criterion.ts';
export {
  type Arm,
  type ArmResult,
  type Curve,
  defineReproduction,
  type MetricInfo,
  type PlotSpec,
  type PublishedFigures,
  type Reproduction,
} from './declaration.ts';
export { afterEvent, type HarnessState, initialState, secondsLeft } from './eta.ts';
export { effectOf, figureOf, metricValue, verdictWords } from './figures.ts';
export { contentHash } from './fingerprint.ts';
export {
  type Failure,
  type HarnessEvent,
  type HarnessOptions,
  type HarnessResult,
  runArms,
  withNeeded,
} from './harness.ts';
export { loadReproduction } from './load.ts';
export { LockedError, withLock } from './lock.ts';
export { curveOf } from './metric-curve.ts';
export { PAPERS, type Paper, type PaperCategory } from './paper-list.ts';
export { commandOf, type PaperState, type PaperStatus, paperOf, paperStates } from './papers.ts';
export { isCheckout } from './provenance.ts';
export { buildReport, type ReproductionReport } from './report.ts';
export type { StoredResult } from './results.ts';
export { type FinishedRecipe, runRecipe } from './run-recipe.ts';
export { StoppedError } from './stopped.ts';
export { PUBLISHED, type WrittenReproduction, writeReproduction } from './write-report.ts';
