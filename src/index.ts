/** Burnish: reinforcement fine-tuning you own. */
export { createOnnxEngine, type Engine, type FrozenEngine, type OnnxEngineOptions } from './engine/index.ts';
export { conjugated, createEnvironment, loadJsonl } from './environments/index.ts';
export {
  afterMarker,
  byFormat,
  editDistance,
  exactMatch,
  expression,
  format,
  functionGrader,
  gradeAll,
  lastNumber,
  length,
  numeric,
  regex,
  weighted,
} from './graders/index.ts';
export { methods } from './methods/index.ts';
export { openStore } from './store/index.ts';
export { loadTokenizer, substitution, symbolTokenizer, type TextTransform } from './text/index.ts';
export { defineMethod, defineRecipe, parseRecipe, type RecipeInput, train } from './training/index.ts';
export type {
  Environment,
  Grade,
  Grader,
  GraderInput,
  Group,
  Sample,
  Task,
  Trajectory,
} from './types/index.ts';
