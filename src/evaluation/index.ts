/** Statistics of evaluations: pass@k and confidence intervals. */
export { type BootstrapOptions, bootstrapInterval, pairedBootstrap, type TaskValues } from './bootstrap.ts';
export { type ConfidenceInterval, wilsonInterval } from './interval.ts';
export { passAtK } from './passAtK.ts';
export { mean, median, quantile, standardDeviation } from './statistics.ts';
