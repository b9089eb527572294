/** Progress: differences that telescope, centred within the group, laid on the right tokens. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rng } from '../../random/index.ts';
import {
  episodeProgress,
  progressAdvantages,
  progressNoise,
  spreadEpisodes,
  terminationAdvantages,
} from './index.ts';

describe('episodeProgress', () => {
  it('telescopes to the gain of the whole trace', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1 }), (values) => {
        const progress = episodeProgress(values);
        expect(progress).toHaveLength(values.length - 1);
        const total = progress.reduce<number>((sum, x) => sum + (x ?? Number.NaN), 0);
        expect(total).toBeCloseTo(values[values.length - 1] - values[0], 9);
      }),
    );
  });

  it('is unknown next to an unknown value', () => {
    expect(episodeProgress([0.25, undefined, 0.5, 1])).toEqual([undefined, undefined, 0.5]);
  });
});

describe('progressAdvantages', () => {
  it('compares episodes with all episodes of the group', () => {
    const advantages = progressAdvantages([[0.5, 0], [0.5, 0, 0], [1]], { normalise: 'none' });
    const centre = 2 / 6;
    expect(advantages).toEqual([[0.5 - centre, -centre], [0.5 - centre, -centre, -centre], [1 - centre]]);
    const scaled = progressAdvantages([[0.5, 0], [0.5, 0, 0], [1]], { ddof: 0, epsilon: 0 }).flat();
    expect(scaled.reduce((a, b) => a + b * b, 0) / 6).toBeCloseTo(1, 12);
  });

  it('gives nothing where all progress is equal or unknown', () => {
    expect(progressAdvantages([[0, 0], [0]])).toEqual([[0, 0], [0]]);
    expect(progressAdvantages([[undefined, 1], [0]], { normalise: 'none' })).toEqual([[0, 0.5], [-0.5]]);
  });
});

describe('progressAdvantages without a centre', () => {
  it('keeps what an episode brought, scaled by the deviation of the group', () => {
    const group = [
      [0.5, 0],
      [0.5, undefined, 0],
    ];
    expect(progressAdvantages(group, { centre: false, normalise: 'none' })).toEqual([
      [0.5, 0],
      [0.5, 0, 0],
    ]);
    // Population deviation of 1/2 0 1/2 0.
    const scaled = progressAdvantages(group, { centre: false, ddof: 0, epsilon: 0 });
    expect(scaled.flat()).toEqual([2, 0, 2, 0, 0].map((x) => expect.closeTo(x, 12)));
  });

  it('divides by no deviation of zero', () => {
    expect(progressAdvantages([[1], [1]], { centre: false })).toEqual([[0], [0]]);
    expect(progressAdvantages([[1], [1]], { centre: false, normalise: 'none' })).toEqual([[1], [1]]);
  });
});

describe('progressNoise', () => {
  it('is the deviation of differences of equal chances, by simulation', () => {
    const random = rng(5, 'noise');
    const [chance, samples] = [0.3, 4];
    const estimate = () => {
      let right = 0;
      for (let i = 0; i < samples; i++) if (random.uniform() < chance) right++;
      return right / samples;
    };
    const traces = Array.from({ length: 4000 }, () => [estimate(), estimate(), estimate()]);
    const expected = Math.sqrt((2 * chance * (1 - chance)) / samples);
    expect(progressNoise(traces, samples)).toBeCloseTo(expected, 2);
    const progress = traces.flatMap((values) => episodeProgress(values)) as number[];
    const spread = Math.sqrt(progress.reduce((sum, x) => sum + x ** 2, 0) / progress.length);
    expect(spread).toBeCloseTo(expected, 2);
  });

  it('is unknown from one sample and without episodes', () => {
    expect(progressNoise([[0, 1]], 1)).toBeUndefined();
    expect(progressNoise([[1], [undefined, 1]], 4)).toBeUndefined();
    expect(progressNoise([[0, 1, 1]], 4)).toBe(0);
  });
});

describe('spreadEpisodes', () => {
  it('lays each number on its episode, and none on prompt and answer', () => {
    expect(spreadEpisodes([2, -1], [4, 5], [0, 0, 1, 1, 1, 1, 1])).toEqual([0, 0, 2, 2, -1, 0, 0]);
    expect(spreadEpisodes([], [], [0, 1])).toEqual([0, 0]);
  });
});

describe('terminationAdvantages', () => {
  it('takes the mean of the stopped rollouts off, not that of the group', () => {
    // Both kinds together: 1 1 0 1 0 0, deviation 0.5 (population).
    expect(terminationAdvantages([1, 1, 0], [1, 0, 0], { ddof: 0, epsilon: 0 })).toEqual([
      expect.closeTo(4 / 3, 12),
      expect.closeTo(4 / 3, 12),
      expect.closeTo(-2 / 3, 12),
    ]);
  });

  it('gives nothing without variance or baseline, nor to a failed grade', () => {
    expect(terminationAdvantages([1, 1], [1, 1])).toEqual([0, 0]);
    expect(terminationAdvantages([1, 0], [undefined])).toEqual([0, 0]);
    expect(terminationAdvantages([1, undefined], [0])[1]).toBe(0);
  });
});
