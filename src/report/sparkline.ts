/** A curve in one line of text. */

const BARS = '▁▂▃▄▅▆▇█';

/**
 * The values as bars from ▁ (the least) to █ (the greatest), at most `width` of them: where there are more values,
 * each bar is the mean of a stretch. Equal values give middle bars, a stretch without finite values a space, no values
 * an empty string. Throws a RangeError unless width is a positive integer.
 */
export function sparkline(values: readonly number[], width: number): string {
  if (!Number.isInteger(width) || width < 1)
    throw new RangeError(`sparkline: width is ${width}, expected a positive integer`);
  const count = Math.min(width, values.length);
  const means = Array.from({ length: count }, (_, i) => {
    const start = Math.floor((i * values.length) / count);
    const end = Math.floor(((i + 1) * values.length) / count);
    const finite = values.slice(start, end).filter(Number.isFinite);
    return finite.reduce((sum, value) => sum + value, 0) / finite.length;
  });
  const known = means.filter((value) => !Number.isNaN(value));
  const least = Math.min(...known);
  const range = Math.max(...known) - least;
  const bar = (value: number) => {
    if (Number.isNaN(value)) return ' ';
    if (range === 0) return BARS[3];
    return BARS[Math.min(BARS.length - 1, Math.floor(((value - least) / range) * BARS.length))];
  };
  return means.map(bar).join('');
}
