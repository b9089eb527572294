/** Graders: what they say of a completion, alone and in sums, and how many are run at once. */
export {
  type Expression,
  ExpressionError,
  evaluate,
  formatExpression,
  numbersIn,
  type Operator,
  operatorsIn,
  parseExpression,
} from './arithmetic-expression.ts';
export { type AnswerFormat, type ByFormatOptions, byFormat, NO_FORMAT, readByFormat } from './by-format.ts';
export { type EditDistanceOptions, editDistance } from './edit-distance.ts';
export { type ExactMatchOptions, exactMatch, normalizeAnswer } from './exact-match.ts';
export { type ExpressionOptions, type ExpressionProblem, expression } from './expression.ts';
export { afterMarker, type Extract, lastNumber, wholeCompletion } from './extract.ts';
export { type FormatOptions, format } from './format.ts';
export { functionGrader, type Graded } from './function-grader.ts';
export { type GradeAllOptions, gradeAll } from './grade-all.ts';
export { checkedGrade, failed, graded, safeGrade } from './grades.ts';
export { type LengthOptions, length } from './length.ts';
export { levenshtein } from './levenshtein.ts';
export {
  formatNumbers,
  isListProgram,
  listProgramOutput,
  listWords,
  parseNumbers,
  runListProgram,
} from './list-language.ts';
export { type NumericOptions, numeric } from './numeric.ts';
export { type Rational, rational } from './rational.ts';
export { type ReferenceOptions, referencesOf } from './references.ts';
export { type RegexOptions, regex } from './regex.ts';
export {
  parseTierTest,
  TIERS,
  type Tier,
  type TieredTestsOptions,
  type TierTest,
  tieredTests,
} from './tiered-tests.ts';
export { type TruthfulOptions, type TruthOutcome, truthful, truthOutcome } from './truthful.ts';
export { type WeightedParts, weighted } from './weighted.ts';
