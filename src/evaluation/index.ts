/** Statistics of evaluations: pass@k, regret, forgetting, calibration, convergence, trends, and confidence intervals. */
export {
  type BootstrapOptions,
  bootstrapInterval,
  type PairedBootstrapOptions,
  pairedBootstrap,
  type TaskValues,
} from './bootstrap.ts';
export {
  brierScore,
  type CalibrationBin,
  calibrationBins,
  expectedCalibrationError,
} from './calibration.ts';
export { type ConjugateAccuracies, type ConjugateFigures, conjugateFigures } from './conjugate.ts';
export { crossedBootstrap } from './crossed-bootstrap.ts';
export { type Convergence, convergence, jensenShannon, shannonEntropy, shares } from './distribution.ts';
export { type ContinualFigures, continualFigures, retention } from './forgetting.ts';
export { type InferencePoint, implicitPrior, taskPosterior } from './implicit-inference.ts';
export { type ConfidenceInterval, wilsonInterval } from './interval.ts';
export { bestSoFar, firstReach, heightAt, type LearningCurve, meanHeight } from './learning-curve.ts';
export { majorityVote } from './majority.ts';
export { passAtK } from './passAtK.ts';
export { type AnytimePoint, accuracyAtBudget, cumulativeRegret, normalisedRegret } from './regret.ts';
export { mean, median, quantile, standardDeviation } from './statistics.ts';
export { type TokenEfficiency, tokenEfficiency, tokensToReach } from './token-efficiency.ts';
export { ranks, spearman, spearmanTrend, type Trend, type TrendOptions } from './trend.ts';
export { type TruthfulnessFigures, type TruthfulnessWeights, truthfulness } from './truthfulness.ts';
export {
  type AttemptedAnswer,
  majorityAccuracy,
  type TurnFigures,
  turnFigures,
} from './turns.ts';
