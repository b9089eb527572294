/** Whether one quantity rises with another, by ranks. */
import { rng } from '../random/index.ts';
import { mean } from './statistics.ts';

/** Ranks from 1, ties sharing the mean of theirs. */
export function ranks(values: readonly number[]): number[] {
  const order = values.map((_, i) => i).sort((i, j) => values[i] - values[j]);
  const result = new Array<number>(values.length);
  for (let start = 0; start < order.length; ) {
    let end = start + 1;
    while (end < order.length && values[order[end]] === values[order[start]]) end++;
    for (let i = start; i < end; i++) result[order[i]] = (start + 1 + end) / 2;
    start = end;
  }
  return result;
}

/** Σ (x - x̄)(y - ȳ) / √(Σ (x - x̄)² Σ (y - ȳ)²); 0 where one of them is constant. */
function correlation(x: readonly number[], y: readonly number[]): number {
  const [mx, my] = [mean(x), mean(y)];
  let [xy, xx, yy] = [0, 0, 0];
  for (let i = 0; i < x.length; i++) {
    xy += (x[i] - mx) * (y[i] - my);
    xx += (x[i] - mx) ** 2;
    yy += (y[i] - my) ** 2;
  }
  return xx === 0 || yy === 0 ? 0 : xy / Math.sqrt(xx * yy);
}

function check(name: string, x: readonly number[], y: readonly number[]): void {
  if (x.length !== y.length || x.length < 2)
    throw new RangeError(`${name}: ${x.length} and ${y.length} values, expected as many and at least 2`);
  const wrong = [...x, ...y].find((value) => !Number.isFinite(value));
  if (wrong !== undefined) throw new RangeError(`${name}: value is ${wrong}, expected finite numbers`);
}

/**
 * Spearman's rank correlation, in [-1, 1], ties by mean ranks; 0 where one list is constant.
 * Throws a RangeError on fewer than 2 values, different lengths, or values that are not finite.
 */
export function spearman(x: readonly number[], y: readonly number[]): number {
  check('spearman', x, y);
  return correlation(ranks(x), ranks(y));
}

/** All orders of a list, each once (Heap 1963). */
function* permutations(list: number[]): Generator<number[]> {
  const counters = new Array<number>(list.length).fill(0);
  yield list;
  for (let i = 1; i < list.length; ) {
    if (counters[i] >= i) {
      counters[i++] = 0;
      continue;
    }
    const j = i % 2 === 0 ? 0 : counters[i];
    [list[i], list[j]] = [list[j], list[i]];
    counters[i]++;
    i = 1;
    yield list;
  }
}

/** Up to here all orders are tried (5040 of 7). */
const EXACT_LENGTH = 7;
/** Rounding must not make a tie of two equal correlations into a difference. */
const TIE = 1e-12;

export interface Trend {
  /** Spearman's rank correlation. */
  rho: number;
  /** Chance of a correlation as strong if the order were random. */
  pValue: number;
  /** All orders were tried, none drawn. */
  exact: boolean;
}

export interface TrendOptions {
  /** What was expected beforehand; 'two-sided' unless given. */
  alternative?: 'rising' | 'falling' | 'two-sided';
  /** Orders drawn where there are too many to try all; 9999 unless given. */
  permutations?: number;
  seed: number;
}

/**
 * Spearman's rank correlation with a permutation p-value: exact up to 7 values, else (1 + hits) / (1 + draws), which
 * is never 0 (Phipson and Smyth 2010). Throws as `spearman` does, and on `permutations` below 1.
 */
export function spearmanTrend(x: readonly number[], y: readonly number[], options: TrendOptions): Trend {
  check('spearmanTrend', x, y);
  const { alternative = 'two-sided', permutations: draws = 9999, seed } = options;
  if (!Number.isInteger(draws) || draws < 1)
    throw new RangeError(`spearmanTrend: permutations is ${draws}, expected an integer of at least 1`);
  const [rx, ry] = [ranks(x), ranks(y)];
  const rho = correlation(rx, ry);
  const strength = (r: number) =>
    alternative === 'two-sided' ? Math.abs(r) : alternative === 'rising' ? r : -r;
  const least = strength(rho) - TIE;
  const hit = (order: readonly number[]) => Number(strength(correlation(rx, order)) >= least);
  let hits = 0;
  if (x.length <= EXACT_LENGTH) {
    let all = 0;
    for (const order of permutations([...ry])) {
      hits += hit(order);
      all++;
    }
    return { rho, pValue: hits / all, exact: true };
  }
  const random = rng(seed, 'spearman-trend');
  for (let i = 0; i < draws; i++) hits += hit(random.shuffle(ry));
  return { rho, pValue: (1 + hits) / (1 + draws), exact: false };
}
