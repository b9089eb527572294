/** The chance that at least one of k attempts at a task succeeds, from n attempts made. */

function checkCount(name: string, value: number, low: number, high: number): void {
  if (!Number.isInteger(value) || value < low || value > high)
    throw new RangeError(`passAtK: ${name} is ${value}, expected an integer in ${low}..${high}`);
}

/**
 * Unbiased estimate of pass@k from n attempts of which c were right: 1 - C(n - c, k) / C(n, k), in [0, 1], as a
 * product of factors in [0, 1] so that no binomial coefficient overflows (Chen et al. 2021, "Evaluating Large Language
 * Models Trained on Code", equation 1 and figure 3).
 * Average it over tasks. Throws a RangeError unless n >= 1, 0 <= c <= n and 1 <= k <= n are integers.
 */
export function passAtK(n: number, c: number, k: number): number {
  checkCount('n', n, 1, Number.MAX_SAFE_INTEGER);
  checkCount('c', c, 0, n);
  checkCount('k', k, 1, n);
  if (n - c < k) return 1;
  // The product of (n - c - i) / (n - i) over the smaller of the two counts: the same value either way.
  let allWrong = 1;
  if (c < k) for (let i = n - c + 1; i <= n; i++) allWrong *= (i - k) / i;
  else for (let i = n - k + 1; i <= n; i++) allWrong *= (i - c) / i;
  return 1 - allWrong;
}
