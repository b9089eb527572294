/** The seeded streams: their exact values, their distributions, and that names set them apart. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rng } from './index.ts';

/** Pearson's χ² of counts against equal expectations. */
function chiSquare(counts: ArrayLike<number>): number {
  const list = Array.from(counts);
  const expected = list.reduce((a, b) => a + b, 0) / list.length;
  return list.reduce((total, n) => total + (n - expected) ** 2 / expected, 0);
}

function histogram(bins: number, n: number, draw: (i: number) => number): Float64Array {
  const counts = new Float64Array(bins);
  for (let i = 0; i < n; i++) counts[draw(i)]++;
  return counts;
}

/** The middle 99.98% of χ² with 99 degrees of freedom. */
function expectUniform(counts: Float64Array): void {
  expect(counts).toHaveLength(100);
  const statistic = chiSquare(counts);
  expect(statistic).toBeGreaterThan(54.9);
  expect(statistic).toBeLessThan(160.2);
}

describe('golden values', () => {
  // Runs are made again from their seeds: a change here changes every recorded run.
  it('of seed 42', () => {
    const raw = rng(42, 'golden');
    expect(Array.from({ length: 6 }, () => raw.uint32())).toEqual([
      2179579303, 1944299795, 1158222379, 2683684057, 1920971983, 2008666192,
    ]);
    const mixed = rng(42, 'golden', 1);
    expect(mixed.uniform()).toBe(0.22855476406402886);
    expect(mixed.int(6)).toBe(1);
    expect(mixed.int(1000)).toBe(419);
    expect(mixed.normal()).toBeCloseTo(-1.5983493829095565, 12);
    expect(mixed.choice(['a', 'b', 'c'])).toBe('b');
    expect(mixed.shuffle([0, 1, 2, 3, 4, 5, 6, 7])).toEqual([6, 1, 5, 4, 3, 7, 0, 2]);
  });

  it('of a bare seed, a negative one, and a name beyond ASCII', () => {
    expect([rng(0), rng(-1), rng(0.5, 'é𝄞')].map((stream) => stream.uint32())).toEqual([
      380358164, 946858707, 3617582721,
    ]);
  });
});

describe('streams', () => {
  const first = (...path: [number, ...(string | number)[]]) => {
    const stream = rng(...path);
    return Array.from({ length: 4 }, () => stream.uint32()).join();
  };

  it('of one path are the same, whatever other streams drew in between', () => {
    const a = rng(7, 'rollout', 3);
    const b = rng(7, 'rollout', 3);
    rng(7, 'other').uint32();
    for (let i = 0; i < 100; i++) expect(a.uint32()).toBe(b.uint32());
  });

  it('differ by seed, name, step, order and type of the path', () => {
    const paths: [number, ...(string | number)[]][] = [
      ...([[7], [8], [7, 'a'], [8, 'a'], [7, 'b'], [7, 'a', 0], [7, 'a', 1]] as const),
      ...([
        [7, 'a', '1'],
        [7, 1, 'a'],
        [7, 'a', 'b'],
        [7, 'a,b'],
        [7, 'ab'],
        [7, 'b', 'a'],
      ] as const),
      ...([[7, ''], [7, 'A'], [-7], [7.5], [70], [0, 7]] as const),
    ].map((path) => [...path] as [number, ...(string | number)[]]);
    expect(new Set(paths.map((path) => first(...path))).size).toBe(paths.length);
  });

  it('refuse numbers that are not finite, which would all name one stream', () => {
    expect(() => rng(Number.NaN, 'a')).toThrow(new RangeError('rng: seed is NaN, expected a finite number'));
    expect(() => rng(1, 'a', Infinity)).toThrow('rng: path[1] is Infinity, expected a finite number');
  });

  it('of 100,000 steps are all different', () => {
    const seen = new Set(Array.from({ length: 100_000 }, (_, step) => first(1, 'step', step)));
    expect(seen.size).toBe(100_000);
  });

  it('of consecutive steps start uniformly and without correlation', () => {
    const starts = Float64Array.from({ length: 100_000 }, (_, step) => rng(1, 'step', step).uniform());
    expectUniform(histogram(100, starts.length, (i) => Math.floor(starts[i] * 100)));
    for (const lag of [1, 2, 10]) {
      let product = 0;
      for (let i = lag; i < starts.length; i++) product += (starts[i] - 0.5) * (starts[i - lag] - 0.5);
      // Standard error of the correlation: 1/√100,000.
      expect(Math.abs((12 * product) / starts.length)).toBeLessThan(4 / Math.sqrt(starts.length));
    }
  });
});

describe('uniform and uint32', () => {
  it('fill the unit interval evenly, also in pairs and in the low bits', () => {
    const a = rng(1, 'uniform');
    expectUniform(histogram(100, 200_000, () => Math.floor(a.uniform() * 100)));
    const b = rng(2, 'pairs');
    expectUniform(
      histogram(100, 200_000, () => 10 * Math.floor(b.uniform() * 10) + Math.floor(b.uniform() * 10)),
    );
    const c = rng(3, 'low bits');
    expectUniform(histogram(100, 200_000, () => c.uint32() % 100));
  });

  it('stay in their ranges', () => {
    const a = rng(4, 'range');
    const floats = Array.from({ length: 10_000 }, () => a.uniform());
    const integers = Array.from({ length: 10_000 }, () => a.uint32());
    expect(floats.filter((x) => !(x >= 0 && x < 1))).toEqual([]);
    expect(integers.filter((n) => !(Number.isInteger(n) && n >= 0 && n < 2 ** 32))).toEqual([]);
  });

  it('every bit is set half of the time', () => {
    const a = rng(5, 'bits');
    const set = new Float64Array(32);
    const n = 50_000;
    for (let i = 0; i < n; i++) {
      const x = a.uint32();
      for (let bit = 0; bit < 32; bit++) set[bit] += (x >>> bit) & 1;
    }
    for (const count of set) expect(Math.abs(count - n / 2)).toBeLessThan(5 * Math.sqrt(n / 4));
  });
});

describe('int', () => {
  it('is even over a range that does not divide 2^32', () => {
    const a = rng(1, 'int');
    expectUniform(histogram(100, 200_000, () => a.int(100)));
    // The remainder alone would give the lowest third half of the draws.
    const b = rng(2, 'int');
    const low = histogram(3, 30_000, () => Math.floor(b.int(3 * 2 ** 30) / 2 ** 30));
    expect(chiSquare(low)).toBeLessThan(18.4);
  });

  it('stays below any bound', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 32 }), fc.integer(), (n, seed) => {
        const x = rng(seed, 'bound').int(n);
        expect(Number.isInteger(x) && x >= 0 && x < n).toBe(true);
      }),
    );
    expect(rng(1).int(1)).toBe(0);
    expect(rng(1).int(2 ** 32)).toBe(rng(1).uint32());
  });

  it.each([0, -1, 1.5, 2 ** 32 + 1, Number.NaN, Infinity])('refuses %s', (n) => {
    expect(() => rng(1).int(n)).toThrow(new RangeError(`int(n): n is ${n}, expected 1..2^32`));
  });
});

describe('normal', () => {
  it('has mean 0, variance 1, no skew and the kurtosis of the normal distribution', () => {
    const a = rng(1, 'normal');
    const n = 200_000;
    const moments = [0, 0, 0, 0];
    let beyondTwo = 0;
    for (let i = 0; i < n; i++) {
      const x = a.normal();
      for (let k = 0; k < 4; k++) moments[k] += x ** (k + 1) / n;
      if (Math.abs(x) > 2) beyondTwo++;
    }
    // Four standard errors each: √(1, 2, 15, 96) / √n.
    [0, 1, 0, 3].forEach((expected, k) => {
      const error = Math.sqrt([1, 2, 15, 96][k] / n);
      expect(Math.abs(moments[k] - expected)).toBeLessThan(4 * error);
    });
    expect(beyondTwo / n).toBeCloseTo(0.0455, 2);
  });

  it('successive draws are uncorrelated', () => {
    const a = rng(2, 'normal');
    const n = 100_000;
    let previous = a.normal();
    let product = 0;
    for (let i = 0; i < n; i++) {
      const next = a.normal();
      product += previous * next;
      previous = next;
    }
    expect(Math.abs(product / n)).toBeLessThan(4 / Math.sqrt(n));
  });
});

describe('choice and shuffle', () => {
  it('choice takes every element equally often, and refuses an empty list', () => {
    const a = rng(1, 'choice');
    const items = Array.from({ length: 100 }, (_, i) => i);
    expectUniform(histogram(100, 100_000, () => a.choice(items)));
    expect(() => a.choice([])).toThrow(new RangeError('choice: the list is empty'));
  });

  it('shuffle returns a permutation and leaves its argument alone', () => {
    fc.assert(
      fc.property(fc.array(fc.integer()), fc.integer(), (items, seed) => {
        const before = [...items];
        const shuffled = rng(seed, 'shuffle').shuffle(items);
        expect(items).toEqual(before);
        expect(shuffled).not.toBe(items);
        expect([...shuffled].sort((a, b) => a - b)).toEqual(before.sort((a, b) => a - b));
      }),
    );
  });

  it('every permutation of four is equally likely', () => {
    const a = rng(1, 'shuffle');
    const counts = new Map<string, number>();
    for (let i = 0; i < 48_000; i++) {
      const key = a.shuffle([0, 1, 2, 3]).join('');
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    expect(counts.size).toBe(24);
    // 99.99% of χ² with 23 degrees of freedom.
    expect(chiSquare([...counts.values()])).toBeLessThan(57.3);
  });
});
