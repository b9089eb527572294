/** Seeded random streams, split by name, so that every draw of a run can be made again. */

/** A stream of pseudo-random numbers; the same seed and path always give the same stream. */
export interface Rng {
  /** Next float, uniform in [0, 1), with 32 random bits. */
  uniform(): number;
  /** Next unsigned 32-bit integer. */
  uint32(): number;
  /** Next integer, uniform in [0, n). Throws a RangeError unless n is an integer in 1..2^32. */
  int(n: number): number;
  /** Next draw from the standard normal distribution. */
  normal(): number;
  /** One element, uniformly. Throws a RangeError on an empty list. */
  choice<T>(items: readonly T[]): T;
  /** A new, uniformly permuted copy (Fisher-Yates). */
  shuffle<T>(items: readonly T[]): T[];
}

const UINT32 = 2 ** 32;

/** FNV-1a over UTF-16 code units, finished with an avalanche so that near paths land far apart. */
function hash(text: string, basis: number): number {
  let h = basis >>> 0;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/**
 * A stream named by a path under a seed: `rng(7, 'rollout', step, row)`.
 * Streams of different paths are independent for practical purposes, and need no saved state: name them by the
 * step they serve. Generator: xoshiro128** (Blackman and Vigna, 2018).
 * Throws a RangeError when the seed or a number of the path is not finite: all such would name one stream.
 */
export function rng(seed: number, ...path: (string | number)[]): Rng {
  const wrong = [seed, ...path].findIndex((part) => typeof part === 'number' && !Number.isFinite(part));
  if (wrong >= 0)
    throw new RangeError(
      `rng: ${wrong === 0 ? 'seed' : `path[${wrong - 1}]`} is ${[seed, ...path][wrong]}, expected a finite number`,
    );
  const name = JSON.stringify([seed, ...path]);
  let a = hash(name, 0x811c9dc5);
  let b = hash(name, 0x9e3779b9);
  let c = hash(name, 0x7f4a7c15);
  let d = hash(name, 0x94d049bb) | 1;
  const uint32 = () => {
    const x = Math.imul(b, 5);
    const result = Math.imul((x << 7) | (x >>> 25), 9) >>> 0;
    const t = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= t;
    d = (d << 11) | (d >>> 21);
    return result;
  };
  const uniform = () => uint32() / UINT32;
  const int = (n: number) => {
    if (!Number.isInteger(n) || n < 1 || n > UINT32)
      throw new RangeError(`int(n): n is ${n}, expected 1..2^32`);
    const limit = UINT32 - (UINT32 % n);
    let x = uint32();
    while (x >= limit) x = uint32();
    return x % n;
  };
  return {
    uniform,
    uint32,
    int,
    normal() {
      // Box-Muller; 1 - u keeps the logarithm finite.
      return Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
    },
    choice(items) {
      if (items.length === 0) throw new RangeError('choice: the list is empty');
      return items[int(items.length)];
    },
    shuffle(items) {
      const out = items.slice();
      for (let i = out.length - 1; i > 0; i--) {
        const j = int(i + 1);
        const swap = out[i];
        out[i] = out[j];
        out[j] = swap;
      }
      return out;
    },
  };
}
