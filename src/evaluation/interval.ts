/** Confidence intervals in closed form. */

/** An estimate with the ends of its confidence interval. */
export interface ConfidenceInterval {
  estimate: number;
  low: number;
  high: number;
}

/** Distribution function of the standard normal, by the series of Marsaglia (2004), exact to rounding for |x| < 7. */
function normalDistribution(x: number): number {
  let term = x;
  let sum = x;
  for (let i = 3; sum + term !== sum; i += 2) {
    term *= (x * x) / i;
    sum += term;
  }
  return 0.5 + (sum * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI);
}

/** The x with `normalDistribution(x) = p`, p in [0.5, 1 - 1e-9], by bisection. */
function normalQuantile(p: number): number {
  let low = 0;
  let high = 7;
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (normalDistribution(middle) < p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/**
 * Wilson's score interval for a proportion of independent trials (Wilson 1927), within [0, 1] and of sensible width
 * even when none or all succeed. Throws a RangeError unless 0 <= successes <= n, n >= 1 are integers and confidence
 * is in (0, 1 - 1e-9].
 */
export function wilsonInterval(successes: number, n: number, confidence = 0.95): ConfidenceInterval {
  if (!Number.isInteger(n) || n < 1)
    throw new RangeError(`wilsonInterval: n is ${n}, expected an integer of at least 1`);
  if (!Number.isInteger(successes) || successes < 0 || successes > n)
    throw new RangeError(`wilsonInterval: successes is ${successes}, expected an integer in 0..${n}`);
  if (!(confidence > 0 && confidence <= 1 - 1e-9))
    throw new RangeError(`wilsonInterval: confidence is ${confidence}, expected a number between 0 and 1`);
  const z = normalQuantile((1 + confidence) / 2);
  const p = successes / n;
  const scale = 1 + (z * z) / n;
  const centre = (p + (z * z) / (2 * n)) / scale;
  const half = ((z / n) * Math.sqrt(n * p * (1 - p) + (z * z) / 4)) / scale;
  // The ends are exactly 0 and 1 there; rounding would leave them a hair off.
  const low = successes === 0 ? 0 : centre - half;
  const high = successes === n ? 1 : centre + half;
  return { estimate: p, low, high };
}
