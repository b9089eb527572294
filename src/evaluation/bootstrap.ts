/** Confidence intervals by resampling tasks. */
import { type Rng, rng } from '../random/index.ts';
import type { ConfidenceInterval } from './interval.ts';
import { mean, quantile } from './statistics.ts';

export interface BootstrapOptions {
  /** What is estimated; the mean unless given. */
  statistic?: (values: readonly number[]) => number;
  /** Number of resamples, at least 1; 2000 unless given. */
  resamples?: number;
  /** Share of such intervals that should hold the truth, in (0, 1); 0.95 unless given. */
  confidence?: number;
  /** The same seed and values give the same interval. */
  seed: number;
}

/** One number a task, or the numbers of several samples a task. */
export type TaskValues = readonly number[] | readonly (readonly number[])[];

export interface PairedBootstrapOptions extends BootstrapOptions {
  /** How b's statistic is set against a's: b - a unless given; b / a for a ratio. */
  contrast?: (a: number, b: number) => number;
}

/** The usual contrast. */
export const difference = (a: number, b: number) => b - a;

/** One number a task: samples of one task are not independent, so a task is drawn with all of its samples. */
export function byTask(name: string, values: TaskValues): number[] {
  if (values.length === 0) throw new RangeError(`${name}: no values, expected at least one task`);
  return values.map((value, i) => {
    const one = typeof value === 'number' ? value : value.length === 0 ? Number.NaN : mean(value);
    if (!Number.isFinite(one))
      throw new RangeError(
        `${name}: task ${i} is [${[value].flat().join(', ')}], expected finite numbers, at least one`,
      );
    return one;
  });
}

export function checked(name: string, options: BootstrapOptions): Required<BootstrapOptions> {
  const { statistic = mean, resamples = 2000, confidence = 0.95, seed } = options;
  if (!Number.isInteger(resamples) || resamples < 1)
    throw new RangeError(`${name}: resamples is ${resamples}, expected an integer of at least 1`);
  if (!(confidence > 0 && confidence < 1))
    throw new RangeError(`${name}: confidence is ${confidence}, expected a number between 0 and 1`);
  return { statistic, resamples, confidence, seed };
}

/** The interval that leaves out (1 - confidence) / 2 of `resamples` draws on either side. */
export function percentiles(
  draw: () => number,
  resamples: number,
  confidence: number,
): [low: number, high: number] {
  const draws = new Float64Array(resamples);
  for (let i = 0; i < resamples; i++) draws[i] = draw();
  draws.sort();
  const tail = (1 - confidence) / 2;
  return [quantile(draws, tail), quantile(draws, 1 - tail)];
}

/** n task numbers, drawn with replacement. */
export function redraw(random: Rng, picks: Int32Array): void {
  for (let i = 0; i < picks.length; i++) picks[i] = random.int(picks.length);
}

/**
 * Percentile bootstrap interval of a statistic over tasks (Efron and Tibshirani 1993, chapter 13). Given several
 * samples a task (`number[][]`), whole tasks are resampled (the cluster bootstrap), and the statistic sees the mean of
 * each task, so that every task counts the same however many samples it has. When all values are equal the interval
 * has no width: for proportions near 0 or 1 `wilsonInterval` says more.
 * Throws a RangeError on no values, an empty task, a value that is not finite, or options out of range.
 */
export function bootstrapInterval(values: TaskValues, options: BootstrapOptions): ConfidenceInterval {
  const tasks = byTask('bootstrapInterval', values);
  const { statistic, resamples, confidence, seed } = checked('bootstrapInterval', options);
  const random = rng(seed, 'bootstrap');
  const picks = new Int32Array(tasks.length);
  const resample = new Array<number>(tasks.length);
  const draw = () => {
    redraw(random, picks);
    for (let i = 0; i < picks.length; i++) resample[i] = tasks[picks[i]];
    return statistic(resample);
  };
  const [low, high] = percentiles(draw, resamples, confidence);
  return { estimate: statistic(tasks), low, high };
}

/**
 * Percentile bootstrap interval of statistic(b) - statistic(a), or of another contrast of the two, where a[i] and b[i] are values of the same task
 * (before and after, or two arms): both are resampled together, so that what makes a task hard cancels.
 * Either may hold several samples a task. Throws as `bootstrapInterval` does, and when the lengths differ.
 */
export function pairedBootstrap(
  a: TaskValues,
  b: TaskValues,
  options: PairedBootstrapOptions,
): ConfidenceInterval {
  if (a.length !== b.length)
    throw new RangeError(
      `pairedBootstrap: ${a.length} and ${b.length} tasks, expected the same tasks in both`,
    );
  const before = byTask('pairedBootstrap', a);
  const after = byTask('pairedBootstrap', b);
  const { statistic, resamples, confidence, seed } = checked('pairedBootstrap', options);
  const { contrast = difference } = options;
  const random = rng(seed, 'paired-bootstrap');
  const picks = new Int32Array(before.length);
  const resampleA = new Array<number>(before.length);
  const resampleB = new Array<number>(before.length);
  const draw = () => {
    redraw(random, picks);
    for (let i = 0; i < picks.length; i++) {
      resampleA[i] = before[picks[i]];
      resampleB[i] = after[picks[i]];
    }
    return contrast(statistic(resampleA), statistic(resampleB));
  };
  const [low, high] = percentiles(draw, resamples, confidence);
  return { estimate: contrast(statistic(before), statistic(after)), low, high };
}
