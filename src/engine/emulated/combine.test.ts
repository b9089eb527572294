/** The emulated distribution: closed forms, restriction to likely tokens, and impossible tokens. */
import { describe, expect, it } from 'vitest';
import { rng } from '../../random/index.ts';
import { atTemperature, emulatedLogprobs } from './combine.ts';

const random = rng(3, 'combine');

/** Log-probabilities of a random distribution over n tokens. */
function distribution(n: number): number[] {
  const weights = Array.from({ length: n }, () => Math.exp(2 * random.normal()));
  const total = weights.reduce((a, b) => a + b, 0);
  return weights.map((w) => Math.log(w / total));
}
const [base, tuned, reference, other] = [0, 1, 2, 3].map(() => distribution(7));
const close = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a, (x, i) => expect(x).toBeCloseTo(b[i], 10));

describe('emulatedLogprobs', () => {
  it('is the normalised product base · (tuned / reference)^w', () => {
    const weights = base.map((b, v) => Math.exp(b + 1.5 * (tuned[v] - reference[v])));
    const total = weights.reduce((a, b) => a + b, 0);
    close(
      emulatedLogprobs(base, [{ tuned, reference, weight: 1.5 }]),
      weights.map((w) => Math.log(w / total)),
    );
  });

  it('is the tuned model itself where the base is the reference, and the base where tuning changed nothing', () => {
    close(emulatedLogprobs(reference, [{ tuned, reference, weight: 1 }]), tuned);
    close(emulatedLogprobs(base, [{ tuned, reference: tuned, weight: 1 }]), base);
    close(emulatedLogprobs(base, [{ tuned, reference, weight: 0 }]), base);
    close(emulatedLogprobs(base, []), base);
  });

  it('does not depend on constants added to logits', () => {
    const shifted = (row: number[], by: number) => row.map((x) => x + by);
    close(
      emulatedLogprobs(shifted(base, 3), [
        { tuned: shifted(tuned, -2), reference: shifted(reference, 5), weight: 1 },
      ]),
      emulatedLogprobs(base, [{ tuned, reference, weight: 1 }]),
    );
  });

  it('interpolates between two tunings of one reference', () => {
    const mixed = emulatedLogprobs(reference, [
      { tuned, reference, weight: 0.25 },
      { tuned: other, reference, weight: 0.75 },
    ]);
    const weights = tuned.map((x, v) => Math.exp(0.25 * x + 0.75 * other[v]));
    const total = weights.reduce((a, b) => a + b, 0);
    close(
      mixed,
      weights.map((w) => Math.log(w / total)),
    );
  });

  it('with topP changes only the odds of what the tuned model finds likely', () => {
    const said = [0.6, 0.25, 0.1, 0.05].map(Math.log);
    const before = [0.1, 0.2, 0.3, 0.4].map(Math.log);
    const from = [0.25, 0.25, 0.25, 0.25].map(Math.log);
    const out = emulatedLogprobs(from, [{ tuned: said, reference: before, weight: 1 }], 0.85);
    const weights = [(0.25 * 0.6) / 0.1, (0.25 * 0.25) / 0.2, 0.25, 0.25];
    const total = weights.reduce((a, b) => a + b, 0);
    close(
      out,
      weights.map((w) => Math.log(w / total)),
    );
  });

  it('keeps impossible tokens impossible and never makes NaN', () => {
    const out = emulatedLogprobs(
      [Math.log(0.5), -Infinity, Math.log(0.5)],
      [{ tuned: [-Infinity, -1, -1], reference: [-Infinity, -Infinity, -1], weight: 1 }],
    );
    close(out, [Math.log(0.5), -Infinity, Math.log(0.5)]);
    expect(() =>
      emulatedLogprobs([0, -Infinity], [{ tuned: [-Infinity, 0], reference: [0, 0], weight: 1 }]),
    ).toThrow(/at least one possible token/);
    expect(() => emulatedLogprobs(base, [{ tuned: [0], reference, weight: 1 }])).toThrow(
      /deltas\[0\].tuned has 1/,
    );
  });

  it('the product of its conditionals is not the optimum over sequences', () => {
    // Two tokens of two symbols: first by a coin, then tuning raises "b" after "a" only.
    const half = [Math.log(0.5), Math.log(0.5)];
    const afterA = { tuned: [Math.log(0.1), Math.log(0.9)], reference: half };
    const token = Math.exp(emulatedLogprobs(half, [{ ...afterA, weight: 1 }])[1]) * 0.5;
    // The base differs after "a": log-probabilities .8 and .2.
    const sharp = [Math.log(0.8), Math.log(0.2)];
    const local = 0.5 * Math.exp(emulatedLogprobs(sharp, [{ ...afterA, weight: 1 }])[1]);
    const products = [0.5 * 0.8 * 0.2, 0.5 * 0.2 * 1.8, 0.25, 0.25];
    const global = products[1] / products.reduce((a, b) => a + b, 0);
    expect(token).toBeCloseTo(0.45, 10);
    expect(local).toBeCloseTo(0.5 * (0.36 / 0.52), 10);
    expect(Math.abs(local - global)).toBeGreaterThan(0.05);
  });
});

describe('atTemperature', () => {
  it('sharpens, and at 0 takes the first likeliest', () => {
    const logprobs = [0.2, 0.4, 0.4].map(Math.log);
    close(atTemperature(logprobs, 1), [0.2, 0.4, 0.4]);
    close(atTemperature(logprobs, 0.5), [0.04 / 0.36, 0.16 / 0.36, 0.16 / 0.36]);
    close(atTemperature(logprobs, 0), [0, 1, 0]);
  });
});
