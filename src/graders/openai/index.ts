/** OpenAI's graders: their JSON, their templates, and what they score. */
export type {
  GradedSample,
  GradingContext,
  GradingInput,
  JudgeAnswer,
  JudgeCall,
  Sandbox,
} from './context.ts';
export { FormulaError, parseFormula } from './formula.ts';
export { GraderError, normaliseGrader, singleGraders, templatesOf } from './normalise.ts';
export {
  type GraderErrors,
  type GraderResult,
  GradingError,
  hasFailed,
  type JudgeUsage,
} from './result.ts';
export { runGrader } from './run-grader.ts';
export { type GivenGrader, graderSchema, type OpenAIGrader, type SingleGrader } from './schema.ts';
export { lookUp, placeholders, render, UnknownVariableError } from './template.ts';
