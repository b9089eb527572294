/** Losses and advantage estimators, one file each, with formula and source. */
export * from './advantages/index.ts';
export { type Aggregation, aggregation, type LossWeightOptions, lossWeights } from './aggregation.ts';
export { cispo, cispoOptions } from './cispo.ts';
export { crossEntropy, crossEntropyOptions } from './cross-entropy.ts';
export { dynamicFineTuning, dynamicFineTuningOptions } from './dynamic-fine-tuning.ts';
export { grpo, grpoOptions } from './grpo.ts';
export { type LogRatioInputs, logRatioOptions, logRatioReward } from './log-ratio-reward.ts';
export { nft, nftOptions, questionWeight } from './nft.ts';
export { oneTokenRollout, oneTokenRolloutOptions } from './one-token-rollout.ts';
export { type KlEstimator, klEstimate, klEstimator, klPenalty } from './parts/kl.ts';
export { importanceRatio, type RatioLevel, ratioLevel } from './parts/ratio.ts';
export { composeObjective, type LossTerm, type TermResult } from './parts/term.ts';
export { ppoClip, ppoClipOptions } from './ppo-clip.ts';
export { preference, preferenceOptions } from './preference.ts';
export { createObjective, type ObjectiveConfig, objectiveNames, objectiveSchema } from './registry.ts';
export { reinforce, reinforceOptions } from './reinforce.ts';
export { type TokenRewardInputs, tokenRewards } from './token-rewards.ts';
