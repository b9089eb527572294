/** The training loop, recipes, methods' interface, evaluation, snapshots and health rules. */
export { type BatchOptions, type Row, rowsToBatch, spread } from './batch.ts';
export {
  type Evaluation,
  type EvaluationOptions,
  type EvaluationSummary,
  evaluate,
  evaluationTasks,
  gradedScores,
} from './evaluate.ts';
export type { TrainEvent, TrainEventType, TrainSummary } from './events.ts';
export { exportModel } from './export-model.ts';
export { type Finding, HealthMonitor, healthRules } from './health.ts';
export { evaluateRecipe, type HeldOutParts } from './held-out.ts';
export { type TrainOptions, type TrainResult, train } from './loop.ts';
export {
  defineMethod,
  definePreset,
  type Method,
  type MethodContext,
  type MethodDefinition,
  type MethodInstance,
  type MethodNeeds,
  type MethodStep,
  type MethodTable,
  methodTable,
  type Paper,
  type StepContext,
  type Update,
} from './method.ts';
export { groupMetrics, logprobGap, rewardsOf } from './metrics.ts';
export {
  defineRecipe,
  evaluationSchema,
  methodConfig,
  parseRecipe,
  type Recipe,
  type RecipeInput,
  recipeNeeds,
  recipeSchema,
  type Stage,
  samplingSchema,
  stageSchema,
} from './recipe.ts';
export { describeIssues, nearest, RecipeError, unknownWord } from './recipe-errors.ts';
export { differingKeys, forbiddenChanges, namedModels, parseSetting, setByPath } from './recipe-paths.ts';
export type { RunState } from './run-state.ts';
export { SnapshotError, SnapshotFolder, type StoredSnapshot, snapshotName } from './snapshots.ts';
export {
  freshConfig,
  modelFolderOf,
  SHIPPED_PREFIX,
  type StartingModel,
  startingModel,
} from './starting-model.ts';
export type { Progress } from './trainer.ts';
