/** One-token draws: from the distribution at each place, at its temperature, the same however sequences are cut into runs. */
import { describe, expect, it } from 'vitest';
import type { ForwardOutput, FrozenEngine, Want } from '../engine/index.ts';
import { oneTokenDraws } from './index.ts';

/** Says 0.6, 0.3, 0.1 after token 0, and the reverse after any other; counts its calls. */
function model() {
  const calls: number[] = [];
  const row = (last: number) => (last === 0 ? [0.6, 0.3, 0.1] : [0.1, 0.3, 0.6]).map(Math.log);
  const forward = async (
    sequences: readonly (readonly number[])[],
    want: Want = {},
  ): Promise<ForwardOutput> => {
    calls.push(sequences.length);
    expect(want.candidates?.k).toBe(3);
    expect([...(want.candidates?.ids[0] ?? [])].slice(0, 6)).toEqual([0, 1, 2, 0, 1, 2]);
    const candidates = sequences.map((tokens) =>
      Float32Array.from(tokens.flatMap((_, t) => (t === 0 ? [0, 0, 0] : row(tokens[t - 1])))),
    );
    return { logprobs: [], candidates };
  };
  return { engine: { forward } as unknown as FrozenEngine, calls };
}

const sequences = [
  [0, 1, 2, 0],
  [1, 0, 0],
];
const mask = [
  [0, 1, 1, 0],
  [0, 0, 1],
];
const draw = (more = {}) => {
  const { engine, calls } = model();
  const settings = { candidates: 4000, temperature: 1, seed: 5, path: ['test', 1], vocabSize: 3 };
  return oneTokenDraws({ engine, sequences, mask, ...settings, ...more }).then((drawn) => ({
    ...drawn,
    calls,
  }));
};

describe('oneTokenDraws', () => {
  it('draws where the mask is, and counts what hits', async () => {
    const { candidates, hits, calls } = await draw();
    expect(calls).toEqual([2]);
    expect(candidates.map((ids) => ids.length)).toEqual([16_000, 12_000]);
    expect(candidates[0].slice(0, 4000).every((id) => id === 0)).toBe(true);
    expect(candidates[0].slice(12_000).every((id) => id === 0)).toBe(true);
    const shareOf = (row: number, t: number, id: number) =>
      candidates[row].slice(t * 4000, (t + 1) * 4000).filter((one) => one === id).length / 4000;
    expect([0, 1, 2].map((id) => shareOf(0, 1, id))).toEqual(
      [0.6, 0.3, 0.1].map((p) => expect.closeTo(p, 1)),
    );
    expect(Math.abs(shareOf(0, 1, 0) - 0.6)).toBeLessThan(0.03);
    expect(hits[0][1]).toBeCloseTo(shareOf(0, 1, 1), 6);
    expect(hits[0][2]).toBeCloseTo(shareOf(0, 2, 2), 6);
    expect(hits[1][2]).toBeCloseTo(shareOf(1, 2, 0), 6);
    expect([hits[0][0], hits[0][3], hits[1][1]]).toEqual([0, 0, 0]);
  });

  it('flattens by the temperature', async () => {
    const { hits } = await draw({ temperature: 2 });
    const flat = [0.6, 0.3, 0.1].map(Math.sqrt);
    expect(Math.abs(hits[0][1] - flat[1] / (flat[0] + flat[1] + flat[2]))).toBeLessThan(0.03);
  });

  it('is the same draw again, another with another path', async () => {
    const [first, again, other] = [await draw(), await draw(), await draw({ path: ['test', 2] })];
    expect(again.candidates).toEqual(first.candidates);
    expect(other.candidates).not.toEqual(first.candidates);
  });
});
