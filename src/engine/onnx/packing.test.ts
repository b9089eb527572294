import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rng } from '../../random/index.ts';
import { nextPowerOfTwo } from './batching.ts';
import { type PackedRun, packBatch, packSequences, roundedRows } from './packing.ts';

const lengths = fc.array(fc.integer({ min: 1, max: 900 }), { maxLength: 120 });
const limits = fc.integer({ min: 1, max: 20_000 });
const pack = (of: readonly number[], limit = 4096) =>
  packSequences(of, { maxTokens: () => limit, attentionCost: 1e-3 });

const padded = (runs: readonly PackedRun[]) => runs.reduce((sum, { rows, length }) => sum + rows * length, 0);

/** Lengths of a step of reinforcement: prompts of 20 to 40 tokens, eight completions each of 8 to 64. */
function completionLengths(count: number, seed: number): number[] {
  const draws = rng(seed, 'lengths');
  const prompts = Array.from({ length: Math.ceil(count / 8) }, () => 20 + draws.int(21));
  return Array.from({ length: count }, (_, i) => {
    let tokens = 8;
    while (tokens < 64 && draws.uniform() > 1 / 20) tokens++;
    return prompts[Math.floor(i / 8)] + tokens;
  });
}

describe('packSequences', () => {
  it('takes every sequence once', () => {
    fc.assert(
      fc.property(lengths, limits, (lengths, limit) => {
        const taken = pack(lengths, limit).flatMap(({ places }) => places.map(({ sequence }) => sequence));
        expect(taken.sort((a, b) => a - b)).toEqual(lengths.map((_, i) => i));
      }),
    );
  });

  it('lays sequences side by side in rows, and says whether a row has several', () => {
    fc.assert(
      fc.property(lengths, limits, (lengths, limit) => {
        for (const { places, rows, length, shared } of pack(lengths, limit)) {
          const used = new Set<number>();
          for (const { sequence, row, start } of places) {
            expect(row).toBeLessThan(rows);
            expect(start + lengths[sequence]).toBeLessThanOrEqual(length);
            for (let t = 0; t < lengths[sequence]; t++) used.add(row * length + start + t);
          }
          expect(used.size).toBe(places.reduce((sum, { sequence }) => sum + lengths[sequence], 0));
          const occupied = new Set(places.map(({ row }) => row));
          expect(shared).toBe(occupied.size < places.length);
          if (!shared) expect(places.every(({ row, start }, slot) => row === slot && start === 0)).toBe(true);
        }
      }),
    );
  });

  it('keeps to the limit wherever one row fits, has slots for all sequences, and few shapes', () => {
    fc.assert(
      fc.property(lengths, limits, (lengths, limit) => {
        for (const { places, rows, length, slots, shared } of pack(lengths, limit)) {
          if (rows > 1) expect(rows * length).toBeLessThanOrEqual(limit);
          expect(length).toBeGreaterThanOrEqual(Math.max(...places.map(({ sequence }) => lengths[sequence])));
          expect(slots).toBeGreaterThanOrEqual(places.length);
          expect(Math.log2(slots / rows) % 2).toBe(0);
          if (!shared) expect(slots).toBe(rows);
        }
      }),
    );
  });

  it('depends on the lengths alone: their order changes which sequences meet, not the shapes', () => {
    fc.assert(
      fc.property(lengths, limits, (lengths, limit) => {
        const shapes = (of: readonly number[]) =>
          pack(of, limit).map(({ rows, length, slots, shared }) => [rows, length, slots, shared]);
        expect(shapes([...lengths].reverse())).toEqual(shapes(lengths));
      }),
    );
  });

  it('gives equal sequences a row each, and fills runs', () => {
    const runs = pack(new Array(64).fill(128));
    expect(runs.map(({ rows, length, slots, shared }) => ({ rows, length, slots, shared }))).toEqual(
      new Array(2).fill({ rows: 32, length: 128, slots: 32, shared: false }),
    );
  });

  it.each([64, 256, 512])('pads %i completions of a step by less than a fifth', (count) => {
    for (let seed = 0; seed < 20; seed++) {
      const of = completionLengths(count, seed);
      expect(padded(pack(of)) / of.reduce((a, b) => a + b)).toBeLessThan(1.2);
    }
  });

  it('prefers short rows where attention is dear', () => {
    const of = completionLengths(256, 1);
    const longest = (attentionCost: number) =>
      Math.max(...packSequences(of, { maxTokens: () => 1e5, attentionCost }).map(({ length }) => length));
    expect(longest(1)).toBeLessThan(longest(0));
  });
});

describe('packBatch', () => {
  const batch = (prompt: number, tail: number) => {
    const lengths = new Array(32).fill(prompt + tail);
    const sequences = lengths.map((length, i) =>
      Array.from({ length }, (_, t) => (t < prompt ? (i >> 3) + t : 100 + i)),
    );
    return { lengths, sequences, mask: sequences.map((row) => row.map((_, t) => (t < prompt ? 0 : 1))) };
  };
  const options = { maxTokens: () => 4096, attentionCost: 1e-3 };

  it('reads long prompts once for several completions', () => {
    const { lengths, sequences, mask } = batch(256, 32);
    const runs = packBatch(sequences, mask, options);
    expect(runs.every(({ prefixes }) => prefixes)).toBe(true);
    expect(2 * padded(runs)).toBeLessThan(padded(packSequences(lengths, options)));
  });

  it('reads prompts with each completion where sharing saves too little', () => {
    const { lengths, sequences, mask } = batch(32, 64);
    expect(packBatch(sequences, mask, options)).toEqual(packSequences(lengths, options));
  });
});

it('makes few shapes of steps of one kind, however the lengths vary', () => {
  const shapes = new Set<string>();
  for (let step = 0; step < 200; step++)
    for (const { rows, length, slots } of pack(completionLengths(256, step)))
      shapes.add(`${rows}x${length} ${slots}`);
  expect(shapes.size).toBeLessThan(20);
});

describe('roundedRows', () => {
  it.each([16, 128, 1024])('makes room for n rows of %i tokens, up to the next power of two', (length) => {
    const values = new Set<number>();
    for (let n = 1; n <= 256; n++) {
      const rows = roundedRows(n, length);
      expect(rows).toBeGreaterThanOrEqual(n);
      expect(rows).toBeLessThanOrEqual(nextPowerOfTwo(n));
      expect(roundedRows(rows, length)).toBe(rows);
      if ((rows - n) * length >= 256) expect(rows / n).toBeLessThan(1.125);
      values.add(rows);
    }
    expect(values.size).toBeLessThanOrEqual(16 + 4 * 8);
  });
});
