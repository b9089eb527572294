import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rng } from '../../random/index.ts';
import { type NextTokens, type Picked, type PickSettings, TokenPicker } from './pick-token.ts';

const SIZE = 20;
const draws = rng(1, 'logits');
const LOGITS = Float32Array.from({ length: SIZE }, () => 1.5 * draws.normal());

const softmax = (logits: ArrayLike<number>): number[] => {
  const top = Math.max(...Array.from(logits));
  const weights = Array.from(logits, (x) => Math.exp(x - top));
  const total = weights.reduce((a, b) => a + b, 0);
  return weights.map((w) => w / total);
};

/** What the model's program makes of rows of logits. */
function nextTokens(logits: Float32Array, picker: TokenPicker, size = logits.length): NextTokens {
  const logprobs = new Float32Array(logits.length);
  const weights = new Float32Array(logits.length);
  for (let start = 0; start < logits.length; start += size) {
    const row = softmax(logits.subarray(start, start + size)).map(Math.log);
    logprobs.set(row, start);
    weights.set(softmax(row.map((x) => x * picker.sharpness)), start);
  }
  return { logprobs, weights };
}

/** The distribution by definition: one filter after the other, each renormalised. */
function direct(logits: ArrayLike<number>, { temperature, topK, topP, minP }: PickSettings): number[] {
  let p = softmax(Array.from(logits, (x) => x / temperature));
  const keep = (kept: (rank: number, token: number, before: number) => boolean) => {
    const order = p.map((_, i) => i).sort((a, b) => p[b] - p[a] || a - b);
    const next = p.map(() => 0);
    let before = 0;
    order.forEach((token, rank) => {
      if (rank === 0 || kept(rank, token, before)) next[token] = p[token];
      before += p[token];
    });
    const total = next.reduce((a, b) => a + b, 0);
    p = next.map((x) => x / total);
  };
  if (topK !== undefined) keep((rank) => rank < topK);
  if (topP !== undefined) keep((_, __, before) => before < topP);
  const most = Math.max(...p);
  if (minP !== undefined) keep((_, token) => p[token] >= minP * most);
  return p;
}

/** How often each token comes in n draws, every log-probability checked on the way. */
function frequencies(settings: PickSettings, n: number): number[] {
  const picker = new TokenPicker(settings);
  const stream = rng(2, JSON.stringify(settings));
  const counts = new Array<number>(SIZE).fill(0);
  const exact = softmax(LOGITS).map(Math.log);
  const picked: Picked = { token: -1, logprob: 0 };
  const next = nextTokens(LOGITS, picker);
  for (let i = 0; i < n; i++) {
    picker.pick(next, 0, SIZE, stream, picked);
    counts[picked.token]++;
    if (Math.abs(picked.logprob - exact[picked.token]) > 1e-6)
      throw new Error(`logprob of ${picked.token}: ${picked.logprob}`);
  }
  return counts;
}

describe('TokenPicker', () => {
  const cases: [draws: number, PickSettings][] = [
    [100_000, { temperature: 1 }],
    [100_000, { temperature: 0.5 }],
    [100_000, { temperature: 0.8, topK: 10, topP: 0.8, minP: 0.1 }],
    [20_000, { temperature: 2 }],
    [20_000, { temperature: 1, topK: 5 }],
    [20_000, { temperature: 1, topP: 0.6 }],
    [20_000, { temperature: 1, minP: 0.2 }],
    [2_000, { temperature: 1, topK: 1 }],
    [20_000, { temperature: 1, topK: 500 }],
    [2_000, { temperature: 1, topP: 1e-6 }],
    [20_000, { temperature: 1, topP: 1 }],
    [2_000, { temperature: 1, minP: 1 }],
    [20_000, { temperature: 1, minP: 0 }],
  ];

  it.each(cases)('%i draws follow the distribution that %j defines (chi-square)', (n, settings) => {
    const expected = direct(LOGITS, settings);
    const counts = frequencies(settings, n);
    let chiSquare = 0;
    counts.forEach((count, token) => {
      if (expected[token] === 0) expect(count, `token ${token}`).toBe(0);
      else chiSquare += (count - n * expected[token]) ** 2 / (n * expected[token]);
    });
    // Wilson and Hilferty 1931: the 99.99% point of chi-square with d degrees of freedom.
    const d = expected.filter((p) => p > 0).length - 1;
    const bound = d === 0 ? 1e-6 : d * (1 - 2 / (9 * d) + 3.72 * Math.sqrt(2 / (9 * d))) ** 3;
    expect(chiSquare).toBeLessThan(bound);
  });

  it('would notice a distribution that is off by a few percent', () => {
    const n = 100_000;
    const expected = direct(LOGITS, { temperature: 1.05 });
    const counts = frequencies({ temperature: 1 }, n);
    const chiSquare = counts.reduce((sum, c, i) => sum + (c - n * expected[i]) ** 2 / (n * expected[i]), 0);
    expect(chiSquare).toBeGreaterThan(100);
  });

  it('takes the likeliest token at temperature 0, the first of equals, and draws nothing', () => {
    const picker = new TokenPicker({ temperature: 0, topK: 3, topP: 0.1 });
    const picked: Picked = { token: -1, logprob: 0 };
    const stream = rng(3);
    picker.pick(nextTokens(Float32Array.of(1, 4, -2, 4, 0), picker), 0, 5, stream, picked);
    expect(picked.token).toBe(1);
    expect(stream.uint32()).toBe(rng(3).uint32());
  });

  it.each<[PickSettings, number[]]>([
    [{ temperature: 1, minP: 1 }, [1, 3, 4]],
    [{ temperature: 1, topK: 2 }, [1, 3]],
    [{ temperature: 1, topP: 0.5 }, [1, 3]],
  ])('of equal tokens, %j keeps %j', (settings, kept) => {
    const picker = new TokenPicker(settings);
    const stream = rng(7);
    const drawn = new Set<number>();
    const picked: Picked = { token: -1, logprob: 0 };
    const next = nextTokens(Float32Array.of(0, 4, -2, 4, 4), picker);
    for (let i = 0; i < 200; i++) {
      picker.pick(next, 0, 5, stream, picked);
      drawn.add(picked.token);
    }
    expect([...drawn].sort()).toEqual(kept);
  });

  it('draws one uniform a token, so that a stream can be continued', () => {
    const stream = rng(4);
    const picked: Picked = { token: -1, logprob: 0 };
    const picker = new TokenPicker({ temperature: 1, topP: 0.9 });
    picker.pick(nextTokens(LOGITS, picker), 0, SIZE, stream, picked);
    const other = rng(4);
    other.uniform();
    expect(stream.uint32()).toBe(other.uint32());
  });

  it('reads the row that it is told', () => {
    const picker = new TokenPicker({ temperature: 1 });
    const next = nextTokens(Float32Array.of(9, 9, 9, -50, 50, -50), picker, 3);
    const picked: Picked = { token: -1, logprob: 0 };
    picker.pick(next, 1, 3, rng(5), picked);
    expect(picked).toEqual({ token: 1, logprob: 0 });
  });

  it('never draws a token of probability 0, and gives log-probabilities of at most 0', () => {
    const logit = fc.oneof(fc.double({ min: -40, max: 40, noNaN: true }), fc.constant(-Infinity));
    fc.assert(
      fc.property(
        fc.array(logit, { minLength: 1, maxLength: 12 }).filter((x) => x.some(Number.isFinite)),
        fc.record({
          temperature: fc.double({ min: 0, max: 3, noNaN: true }),
          topK: fc.option(fc.integer({ min: 1, max: 12 }), { nil: undefined }),
          topP: fc.option(fc.double({ min: 1e-3, max: 1, noNaN: true }), { nil: undefined }),
          minP: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: undefined }),
        }),
        fc.integer(),
        (logits, settings, seed) => {
          const picked: Picked = { token: -1, logprob: 0 };
          const picker = new TokenPicker(settings);
          const next = nextTokens(Float32Array.from(logits), picker);
          picker.pick(next, 0, logits.length, rng(seed, 'pick'), picked);
          expect(Number.isFinite(logits[picked.token])).toBe(true);
          expect(picked.logprob).toBeLessThanOrEqual(0);
          expect(Number.isFinite(picked.logprob)).toBe(true);
        },
      ),
    );
  });

  it.each([
    [{ temperature: -1 }, /temperature: got -1, expected a finite number of at least 0/],
    [{ temperature: Number.NaN }, /temperature: got NaN/],
    [{ topK: 0 }, /topK: got 0, expected an integer of at least 1/],
    [{ topK: 1.5 }, /topK: got 1\.5/],
    [{ topP: 0 }, /topP: got 0, expected a number in \(0, 1\]/],
    [{ topP: 1.1 }, /topP: got 1\.1/],
    [{ minP: -0.1 }, /minP: got -0\.1, expected a number in \[0, 1\]/],
  ])('refuses %j', (settings, message) => {
    expect(() => new TokenPicker({ temperature: 1, ...settings })).toThrow(message);
    expect(() => new TokenPicker({ temperature: 1, ...settings })).toThrow(RangeError);
  });

  it.each([
    ['all NaN', [Number.NaN, Number.NaN]],
    ['one NaN', [1, Number.NaN]],
    ['all -Infinity', [-Infinity, -Infinity]],
    ['an Infinity', [1, Infinity]],
  ])('refuses logits that are not finite: %s', (_, logits) => {
    const picker = new TokenPicker({ temperature: 1 });
    const next = nextTokens(Float32Array.from(logits), picker);
    expect(() => picker.pick(next, 0, 2, rng(6), { token: 0, logprob: 0 })).toThrow(/not finite/);
  });
});
