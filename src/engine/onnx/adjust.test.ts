/** What a row is drawn from, against the softmax of adjusted logits in float64. */
import { describe, expect, it } from 'vitest';
import { rng } from '../../random/index.ts';
import { Adjuster, NO_ADJUSTMENTS } from './adjust.ts';

const SIZE = 70;

const softmax = (x: readonly number[]) => {
  const most = Math.max(...x);
  const total = x.reduce((sum, one) => sum + Math.exp(one - most), 0);
  return x.map((one) => Math.exp(one - most) / total);
};

/** Two rows as the model gives them, the second one to be looked at, and its logits. */
function rows(sharpness: number, scale = 2) {
  const draws = rng(3, 'adjust');
  const logits = Array.from({ length: SIZE }, () => scale * draws.normal());
  const both = (x: number[]) => Float32Array.from([...x.map(() => Number.NaN), ...x]);
  return {
    logits,
    next: {
      logprobs: both(softmax(logits).map(Math.log)),
      weights: both(softmax(logits.map((x) => x * sharpness))),
    },
  };
}

function maskOf(ids: readonly number[]): Int32Array {
  const mask = new Int32Array(Math.ceil(SIZE / 32));
  for (const id of ids) mask[id >> 5] |= 1 << (id & 31);
  return mask;
}

const close = (weights: ArrayLike<number>, expected: readonly number[]) =>
  expected.forEach((x, i) => {
    expect(weights[i], `weight ${i}`).toBeCloseTo(x, 6);
  });

describe.each([1, 0.5, 4])('at sharpness %d', (sharpness) => {
  const { logits, next } = rows(sharpness);
  const allowed = [0, 5, 31, 32, 63, 64, 69];
  const expected = (adjusted: readonly number[]) => softmax(adjusted.map((x) => x * sharpness));

  it('a grammar leaves what it allows, in proportion', () => {
    const out = new Adjuster(NO_ADJUSTMENTS, SIZE, sharpness).apply(next, 1, maskOf(allowed));
    close(out.weights, expected(logits.map((x, i) => (allowed.includes(i) ? x : -Infinity))));
    const best = allowed.reduce((a, b) => (logits[b] > logits[a] ? b : a));
    expect(out.logprobs.indexOf(Math.max(...out.logprobs))).toBe(best);
  });

  it('all tokens may be allowed, or one', () => {
    const adjuster = new Adjuster(NO_ADJUSTMENTS, SIZE, sharpness);
    close(adjuster.apply(next, 1, maskOf(logits.map((_, i) => i))).weights, expected(logits));
    // Nothing is left of the call before.
    close(
      adjuster.apply(next, 1, maskOf([7])).weights,
      logits.map((_, i) => Number(i === 7)),
    );
  });

  it('biases and penalties are added to logits, with a grammar and without', () => {
    const adjuster = new Adjuster(
      { bias: new Map([[5, 3]]), presencePenalty: 0.5, frequencyPenalty: 0.25 },
      SIZE,
      sharpness,
    );
    for (const token of [31, 31, 64]) adjuster.drawn(token);
    const adjusted = logits.map((x, i) => x + (i === 5 ? 3 : i === 31 ? -1 : i === 64 ? -0.75 : 0));
    close(adjuster.apply(next, 1).weights, expected(adjusted));
    const masked = adjusted.map((x, i) => (allowed.includes(i) ? x : -Infinity));
    close(adjuster.apply(next, 1, maskOf(allowed)).weights, expected(masked));
  });
});

it('what is allowed may be so unlikely that its weights are lost', () => {
  const { logits, next } = rows(50, 20);
  const worst = logits.map((_, i) => i).sort((a, b) => logits[a] - logits[b]);
  const allowed = worst.slice(0, 3);
  expect(allowed.map((i) => next.weights[SIZE + i])).toEqual([0, 0, 0]);
  const out = new Adjuster(NO_ADJUSTMENTS, SIZE, 50).apply(next, 1, maskOf(allowed));
  close(out.weights, softmax(logits.map((x, i) => (allowed.includes(i) ? 50 * x : -Infinity))));
});
