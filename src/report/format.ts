/** Numbers and times in words for people. */

/** A share in [0, 1] as a percentage: 0.3125 → "31.3%". */
export function percent(share: number): string {
  return `${(100 * share).toFixed(1)}%`;
}

/** A difference of shares in percentage points, with its sign: 0.43 → "+43.0 points". */
export function points(difference: number): string {
  const shown = (100 * Math.abs(difference)).toFixed(1);
  const sign = Number(shown) === 0 ? '±' : difference > 0 ? '+' : '−';
  return `${sign}${shown} points`;
}

/** A number with about 4 significant digits and no more zeros than needed. */
export function number(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'not a number' : value > 0 ? '∞' : '−∞';
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 1e9) return String(value).replace('-', '−');
  const short = Number(value.toPrecision(4));
  const text = size >= 1e9 || size < 1e-4 ? short.toExponential() : String(short);
  return text.replaceAll('-', '−');
}

/** Seconds in words: 3725 → "1 h 2 min". */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds < 0) return number(seconds);
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  const minutes = Math.round(whole / 60);
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** An ISO 8601 time in UTC to the minute; whatever is no time is shown as it is. */
export function moment(iso: string): string {
  const time = new Date(iso);
  return Number.isNaN(time.getTime()) ? iso : `${time.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
