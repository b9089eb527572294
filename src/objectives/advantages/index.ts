/** Advantage estimators: from rewards to how much each token should be encouraged. */
export {
  type AdvantageConfig,
  type AdvantageResult,
  advantageSchema,
  estimateAdvantages,
} from './estimate.ts';
export { type ExponentialWeightOptions, exponentialWeights } from './exponential.ts';
export { type GaeInputs, gae } from './gae.ts';
export { groupAdvantageOptions, groupAdvantages } from './group.ts';
export { leaveOneOut } from './leave-one-out.ts';
export {
  episodeProgress,
  type ProgressAdvantageOptions,
  progressAdvantages,
  progressNoise,
  spreadEpisodes,
  terminationAdvantages,
} from './progress.ts';
export { type BaselineResult, reinforceBaseline, reinforceBaselineOptions } from './reinforce-baseline.ts';
export { isGraded, isUninformative, type Reward } from './rewards.ts';
export { type WhitenOptions, whiten } from './whiten.ts';
