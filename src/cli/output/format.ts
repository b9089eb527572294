/** Figures as people read them in a terminal. */

/** Seconds: `45 s`, `1 m 20 s`, `2 h 5 m`. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} m ${whole % 60} s`;
  const minutes = Math.round(whole / 60);
  return `${Math.floor(minutes / 60)} h ${minutes % 60} m`;
}

/** A count in few characters: 950, 12.3k, 4.56M. */
export function short(count: number): string {
  if (count < 999.5) return String(Math.round(count));
  const units = ['k', 'M', 'G'];
  let value = count / 1000;
  let unit = 0;
  // 999.5 would be written as 1.00e+3.
  for (; value >= 999.5 && unit < units.length - 1; unit++) value /= 1000;
  return `${value.toPrecision(3)}${units[unit]}`;
}

/** A share of 1: 0.3125 → `31.3%`. */
export function percent(share: number): string {
  return Number.isFinite(share) ? `${(100 * share).toFixed(1)}%` : '–';
}

/** An interval of shares: `[28.0, 34.5]`, in percent. */
export function range(low: number, high: number): string {
  return `[${(100 * low).toFixed(1)}, ${(100 * high).toFixed(1)}]`;
}

/** A figure with three or four significant digits. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e5)) return value.toExponential(2);
  return size >= 100 ? value.toFixed(1) : value.toFixed(3);
}

/** Columns padded to the same width and joined by two spaces; the first row is the head. */
export function table(rows: readonly (readonly string[])[], rightAligned: readonly number[] = []): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => [...row[column]].length)));
  return rows.map((row) =>
    row
      .map((cell, i) => (rightAligned.includes(i) ? cell.padStart(widths[i]) : cell.padEnd(widths[i])))
      .join('  ')
      .trimEnd(),
  );
}
