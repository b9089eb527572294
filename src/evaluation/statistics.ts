/** Means, spreads and medians of lists of numbers. */

function filled(name: string, values: readonly number[], least = 1): readonly number[] {
  if (values.length < least)
    throw new RangeError(`${name}: ${values.length} values, expected at least ${least}`);
  return values;
}

/** Arithmetic mean, to within rounding for any order of magnitudes met in practice. Throws on an empty list. */
export function mean(values: readonly number[]): number {
  let sum = 0;
  for (const value of filled('mean', values)) sum += value;
  return sum / values.length;
}

/** Sample standard deviation (divisor n - 1), in two passes. Throws on fewer than 2 values. */
export function standardDeviation(values: readonly number[]): number {
  const centre = mean(filled('standardDeviation', values, 2));
  let squares = 0;
  for (const value of values) squares += (value - centre) ** 2;
  return Math.sqrt(squares / (values.length - 1));
}

/** Middle value, or the mean of the two middle ones. Throws on an empty list. */
export function median(values: readonly number[]): number {
  return quantile(Float64Array.from(filled('median', values)).sort(), 0.5);
}

/**
 * Quantile of values sorted upwards, p in [0, 1], by linear interpolation between order statistics
 * (Hyndman and Fan 1996, type 7). Throws on an empty list.
 */
export function quantile(sorted: ArrayLike<number>, p: number): number {
  if (sorted.length === 0) throw new RangeError('quantile: 0 values, expected at least 1');
  if (!(p >= 0 && p <= 1)) throw new RangeError(`quantile: p is ${p}, expected 0..1`);
  const position = p * (sorted.length - 1);
  const below = Math.floor(position);
  const low = sorted[below];
  const high = sorted[Math.min(below + 1, sorted.length - 1)];
  return low === high ? low : low + (position - below) * (high - low);
}
