/** Environments: families of tasks with generators, splits and graders. */
export { type ArithmeticData, type ArithmeticOptions, arithmetic, arithmeticOptions } from './arithmetic.ts';
export { type ColumnOperation, columnSteps } from './column-arithmetic.ts';
export { conjugated } from './conjugated.ts';
export { type CountdownData, type CountdownOptions, countdown, countdownOptions } from './countdown.ts';
export { withFewTasks } from './few.ts';
export { type G2pData, type G2pOptions, g2p, g2pOptions } from './g2p.ts';
export { type Generator, generatedEnvironment } from './generated.ts';
export { type BadLine, type JsonlData, type JsonlOptions, loadJsonl } from './jsonl.ts';
export {
  type ListProgramsData,
  type ListProgramsOptions,
  listPrograms,
  listProgramsOptions,
} from './list-programs.ts';
export {
  type Misconception,
  misconceptionsOf,
  type NoisyChainData,
  type NoisyChainOptions,
  noisyChain,
} from './noisy-chain.ts';
export {
  type PairSearchData,
  type PairSearchOptions,
  pairSearch,
  pairSearchOptions,
  type SearchHabits,
  searchHabits,
} from './pair-search.ts';
export {
  type DictionaryEntry,
  loadDictionary,
  PHONEMES,
  STRESSED_PHONEMES,
} from './pronouncing-dictionary.ts';
export {
  closestPronunciation,
  type PronunciationResult,
  parsePhonemes,
  phonemeErrorRate,
  wordErrorRate,
} from './pronunciation-errors.ts';
export { createEnvironment, environmentNames } from './registry.ts';
export { hashFraction, type SplitShares, splitOf } from './split-rule.ts';
