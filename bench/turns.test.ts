/** Sides take turns, ratios are of speeds whichever way the unit counts, and a missing peer leaves a row that says so. */
import { describe, expect, it } from 'vitest';
import type { Peak } from './peak.ts';
import { median, takeTurns } from './turns.ts';

const peak: Peak = { best: 200, probe: () => undefined };

/** Answers with the figures given, one a call. */
function sequence(name: string, figures: number[], calls: string[]) {
  return async () => {
    calls.push(name);
    return figures.shift() ?? Number.NaN;
  };
}

describe('takeTurns', () => {
  it('warms our side up, alternates, and compares medians', async () => {
    const calls: string[] = [];
    const [row] = await takeTurns({
      work: 'train',
      unit: 'tokens/s',
      repetitions: 3,
      ours: sequence('ours', [1, 20, 10, 30], calls),
      peers: [{ name: 'peer', run: sequence('peer', [5, 8, 4], calls) }],
      flopsPerUnit: 2,
      peak,
      pause: 0,
    });
    expect(calls).toEqual(['ours', 'ours', 'peer', 'ours', 'peer', 'ours', 'peer']);
    expect(row).toMatchObject({ ours: 20, low: 10, high: 30, peerFigure: 5, peerLow: 4, peerHigh: 8 });
    expect(row).toMatchObject({ ratio: 4, peakShare: 0.2, repetitions: 3 });
  });

  it('is faster where less time is taken', async () => {
    const [row] = await takeTurns({
      work: 'start',
      unit: 'ms',
      repetitions: 1,
      ours: async () => 10,
      peers: [{ name: 'peer', run: async () => 30 }],
      peak,
      pause: 0,
    });
    expect(row.ratio).toBe(3);
    expect(row.peakShare).toBeUndefined();
  });

  it('makes one row a peer, with why one did not run; one row without peers', async () => {
    const common = {
      work: 'train',
      unit: 'tokens/s' as const,
      repetitions: 1,
      ours: async () => 10,
      peak,
      pause: 0,
    };
    const rows = await takeTurns({
      ...common,
      peers: [
        { name: 'compiled', missing: 'no compiler' },
        { name: 'peer', run: async () => 5 },
      ],
    });
    expect(rows.map(({ peer, peerFigure, note }) => [peer, peerFigure, note])).toEqual([
      ['compiled', undefined, 'no compiler'],
      ['peer', 5, undefined],
    ]);
    expect(await takeTurns({ ...common, peers: [] })).toHaveLength(1);
  });
});

describe('median', () => {
  it('is the middle, or between the middles', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
    expect(() => median([])).toThrow(RangeError);
  });
});
