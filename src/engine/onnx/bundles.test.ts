import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Bundle, bundleLength, bundlesOf, singly } from './bundles.ts';

/** `groups` prompts of `prompt` tokens, each with `n` completions of `tail` tokens, the only ones that count. */
function batch(groups: number, n: number, prompt: number, tail: number) {
  const sequences = Array.from({ length: groups * n }, (_, i) =>
    Array.from({ length: prompt + tail }, (_, t) => (t < prompt ? 1 + Math.floor(i / n) + t : 500 + i)),
  );
  const mask = sequences.map((tokens) => tokens.map((_, t) => (t >= prompt ? 1 : 0)));
  return { sequences, mask };
}

const tokens = (bundles: readonly Bundle[]) => bundles.reduce((sum, bundle) => sum + bundleLength(bundle), 0);
const options = { attentionCost: 1e-3, longest: 4096 };

describe('bundlesOf', () => {
  it('places every sequence once, whole, with a prefix that is equal and not scored', () => {
    const sequence = fc.array(fc.record({ token: fc.integer({ min: 0, max: 1 }), scored: fc.boolean() }), {
      minLength: 1,
      maxLength: 12,
    });
    fc.assert(
      fc.property(fc.array(sequence, { minLength: 1, maxLength: 20 }), (rows) => {
        const sequences = rows.map((row) => row.map(({ token }) => token));
        const mask = rows.map((row) => row.map(({ scored }) => Number(scored)));
        const bundles = bundlesOf(sequences, mask, options);
        const placed = bundles.flatMap((bundle) => bundle.sequences);
        expect([...placed].sort((a, b) => a - b)).toEqual(sequences.map((_, i) => i));
        for (const { shared, sequences: members, tails } of bundles)
          members.forEach((i, at) => {
            expect(shared + tails[at]).toBe(sequences[i].length);
            expect(sequences[i].slice(0, shared)).toEqual(sequences[members[0]].slice(0, shared));
            expect(mask[i].slice(1, shared).every((m) => m === 0)).toBe(true);
          });
      }),
    );
  });

  it('reads a long prompt once for all of its completions', () => {
    const { sequences, mask } = batch(2, 8, 256, 16);
    const bundles = bundlesOf(sequences, mask, options);
    expect(bundles.map((bundle) => [bundle.shared, bundle.sequences.length])).toEqual([
      [256, 8],
      [256, 8],
    ]);
    expect(tokens(bundles)).toBe(2 * (256 + 8 * 16));
  });

  it('shares among fewer where attention over long rows is dear, and within the longest row', () => {
    const { sequences, mask } = batch(1, 8, 64, 64);
    const size = (attentionCost: number, longest: number) =>
      Math.max(...bundlesOf(sequences, mask, { attentionCost, longest }).map((b) => b.sequences.length));
    expect(size(0, 4096)).toBe(8);
    expect(size(1e-3, 4096)).toBeLessThan(8);
    expect(size(1e-3, 4096)).toBeGreaterThan(1);
    expect(size(0, 64 + 3 * 64)).toBeLessThanOrEqual(3);
    expect(size(1, 4096)).toBe(1);
  });

  it('leaves sequences with different prompts alone', () => {
    const { sequences, mask } = batch(8, 1, 100, 10);
    expect(bundlesOf(sequences, mask, options)).toEqual(singly(sequences.map((tokens) => tokens.length)));
  });
});
