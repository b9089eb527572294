/** Judges a declared inequality by its interval, and by nothing else. */
import {
  bootstrapInterval,
  type ConfidenceInterval,
  crossedBootstrap,
  pairedBootstrap,
} from '../evaluation/index.ts';
import {
  armsOf,
  type ComparisonCriterion,
  type Criterion,
  isComparison,
  nameOf,
  type ValueCriterion,
} from './criterion.ts';
import type { ArmResult } from './declaration.ts';

export type Verdict = 'holds' | 'does not hold' | 'inconclusive';

/** Results by seed, then by arm. */
export type ResultsBySeed = ReadonlyMap<number, Readonly<Record<string, ArmResult>>>;

/** What became of an inequality; plain JSON. */
export interface CriterionResult {
  says: string;
  /** Metric or name of the value. */
  of: string;
  arms: string[];
  /** Means of the two sides over seeds; null where there are none, or no such side. */
  left: number | null;
  right: number | null;
  /** What the interval is of: left - right, left / right, or the value itself. */
  effect: 'difference' | 'ratio' | 'value';
  estimate: number | null;
  /** 95 % interval; null where there are too few pairs for one. */
  low: number | null;
  high: number | null;
  /** The claim: the effect is above ('higher') or below ('lower') this. */
  direction: 'higher' | 'lower';
  threshold: number;
  seeds: number[];
  /** Seeds whose own effect is on the claimed side; null where seeds have none of their own. */
  agree: number | null;
  /** The estimate is on the claimed side; null without an estimate. */
  favours: boolean | null;
  verdict: Verdict;
  /** Why there is no interval. */
  reason?: string;
}

/** Fewer seeds than this give no interval: two values cannot say how much a third would differ. */
export const LEAST_SEEDS = 3;

const CONFIDENCE = { seed: 0, resamples: 10_000 };

const average = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
const finite = (value: number) => (Number.isFinite(value) ? value : null);

/** Whether a number is on the claimed side. */
function beyond({ direction }: Criterion, value: number, threshold: number): boolean {
  return direction === 'higher' ? value > threshold : value < threshold;
}

/** Holds when the whole interval is on the claimed side; does not hold when none of it is. */
export function judge(
  criterion: Criterion,
  interval: { low: number; high: number },
  threshold: number,
): Verdict {
  const [near, far] =
    criterion.direction === 'higher' ? [interval.low, interval.high] : [interval.high, interval.low];
  if (beyond(criterion, near, threshold)) return 'holds';
  return beyond(criterion, far, threshold) ? 'inconclusive' : 'does not hold';
}

export function thresholdOf(criterion: Criterion): number {
  if (!isComparison(criterion)) return criterion.than;
  const { factor, by = 0, direction } = criterion;
  return factor ?? (direction === 'higher' ? by : by === 0 ? 0 : -by);
}

/** Values of one side of a comparison: a row of tasks a seed, or one number a seed. */
interface Sides {
  left: number[][];
  right: number[][];
}

function sidesOf(criterion: ComparisonCriterion, results: ResultsBySeed, seeds: number[]): Sides | string {
  const { metric, arm, than, pairing = 'seeds' } = criterion;
  const missing: string[] = [];
  const read = (name: string) =>
    seeds.map((seed) => {
      const result = results.get(seed)?.[name];
      const values = pairing === 'seeds' ? result?.metrics[metric] : result?.perTask?.[metric];
      if (values === undefined) missing.push(`arm ${name}, seed ${seed}`);
      return [values ?? []].flat();
    });
  const left = read(arm);
  const right = typeof than === 'string' ? read(than) : left.map((row) => row.map(() => than));
  const what = pairing === 'seeds' ? `metric ${metric}` : `figures of ${metric} by task`;
  if (missing.length > 0) return `no ${what} of ${missing.join('; ')}`;
  const lengths = new Set([...left, ...right].map((row) => row.length));
  if (lengths.size > 1) return `different numbers of tasks: ${[...lengths].join(', ')}`;
  return { left, right };
}

const overSeeds = (table: readonly number[][]) => table[0].map((_, t) => average(table.map((row) => row[t])));

function intervalOf(criterion: ComparisonCriterion, { left, right }: Sides): ConfidenceInterval | string {
  const { pairing = 'seeds', factor } = criterion;
  const contrast = factor === undefined ? undefined : (a: number, b: number) => b / a;
  const options = contrast ? { ...CONFIDENCE, contrast } : CONFIDENCE;
  if (pairing === 'tasks') return pairedBootstrap(overSeeds(right), overSeeds(left), options);
  if (left.length < LEAST_SEEDS)
    return `${left.length} seed${left.length === 1 ? '' : 's'}, expected at least ${LEAST_SEEDS} for an interval`;
  if (pairing === 'seeds-and-tasks') return crossedBootstrap(right, left, options);
  return pairedBootstrap(right.flat(), left.flat(), options);
}

type Found = Pick<CriterionResult, 'left' | 'right' | 'effect' | 'estimate' | 'agree'> & {
  interval: ConfidenceInterval | string;
};

function compare(criterion: ComparisonCriterion, results: ResultsBySeed, seeds: number[]): Found | string {
  const sides = sidesOf(criterion, results, seeds);
  if (typeof sides === 'string') return sides;
  const { left, right } = sides;
  const isRatio = criterion.factor !== undefined;
  const effect = (a: number, b: number) => (isRatio ? a / b : a - b);
  const [a, b] = [average(left.map(average)), average(right.map(average))];
  const threshold = thresholdOf(criterion);
  const own = left.map((row, i) => effect(average(row), average(right[i])));
  return {
    left: finite(a),
    right: finite(b),
    effect: isRatio ? 'ratio' : 'difference',
    estimate: finite(effect(a, b)),
    agree: own.filter((value) => beyond(criterion, value, threshold)).length,
    interval: intervalOf(criterion, sides),
  };
}

function measure(criterion: ValueCriterion, results: ResultsBySeed, seeds: number[]): Found | string {
  const values = seeds.map((seed) => criterion.value(results.get(seed) ?? {}, seed));
  const wrong = seeds.filter((_, i) => !Number.isFinite(values[i]));
  if (wrong.length > 0) return `no finite value of ${criterion.name} for seeds ${wrong.join(', ')}`;
  return {
    left: null,
    right: null,
    effect: 'value',
    estimate: average(values),
    agree: values.filter((value) => beyond(criterion, value, criterion.than)).length,
    interval:
      values.length < LEAST_SEEDS
        ? `${values.length} seed${values.length === 1 ? '' : 's'}, expected at least ${LEAST_SEEDS} for an interval`
        : bootstrapInterval(values, CONFIDENCE),
  };
}

/** Judges a criterion by the seeds for which all of its arms are finished. */
export function judgeCriterion(criterion: Criterion, results: ResultsBySeed): CriterionResult {
  const arms = [...armsOf(criterion)];
  const seeds = [...results]
    .filter(([, byArm]) => arms.every((arm) => arm in byArm))
    .map(([seed]) => seed)
    .sort((a, b) => a - b);
  const threshold = thresholdOf(criterion);
  const { says, direction } = criterion;
  const common = { says, of: nameOf(criterion), arms, direction, threshold, seeds };
  const found =
    seeds.length === 0
      ? `no seed has finished ${arms.length > 1 ? 'all of ' : ''}${arms.join(', ')}`
      : isComparison(criterion)
        ? compare(criterion, results, seeds)
        : measure(criterion, results, seeds);
  if (typeof found === 'string')
    return {
      ...common,
      left: null,
      right: null,
      effect: isComparison(criterion) ? (criterion.factor === undefined ? 'difference' : 'ratio') : 'value',
      estimate: null,
      low: null,
      high: null,
      agree: null,
      favours: null,
      verdict: 'inconclusive',
      reason: found,
    };
  const { interval, ...figures } = found;
  const { estimate } = figures;
  const favours = estimate === null ? null : beyond(criterion, estimate, threshold);
  const isInterval =
    typeof interval !== 'string' && Number.isFinite(interval.low) && Number.isFinite(interval.high);
  if (isInterval)
    return {
      ...common,
      ...figures,
      low: interval.low,
      high: interval.high,
      favours,
      verdict: judge(criterion, interval, threshold),
    };
  const reason = typeof interval === 'string' ? interval : 'the interval is not finite';
  return { ...common, ...figures, low: null, high: null, favours, verdict: 'inconclusive', reason };
}

/** All must hold for the claim to hold; one that does not decides against it. */
export function overall(results: readonly Pick<CriterionResult, 'verdict'>[]): Verdict {
  if (results.some(({ verdict }) => verdict === 'does not hold')) return 'does not hold';
  return results.length > 0 && results.every(({ verdict }) => verdict === 'holds') ? 'holds' : 'inconclusive';
}
