/** Random variates of the beta distribution from a seeded stream. */
import type { Rng } from './rng.ts';

/** One draw from Gamma(shape, 1), shape >= 1 (Marsaglia and Tsang 2000, "A Simple Method for Generating Gamma Variables"). */
function gamma(random: Rng, shape: number): number {
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = random.normal();
    const v = (1 + c * x) ** 3;
    if (v <= 0) continue;
    if (Math.log(1 - random.uniform()) < x ** 2 / 2 + d - d * v + d * Math.log(v)) return d * v;
  }
}

/** One draw from Beta(a, b) in [0, 1]. Throws a RangeError unless a and b are at least 1. */
export function betaVariate(random: Rng, a: number, b: number): number {
  if (!(a >= 1 && b >= 1 && a + b < Infinity))
    throw new RangeError(`beta distribution: a is ${a} and b is ${b}, expected finite numbers of at least 1`);
  const x = gamma(random, a);
  return x / (x + gamma(random, b));
}
