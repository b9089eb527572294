/** Figures of a step's attempts against direct computation. */
import { describe, expect, it } from 'vitest';
import type { FrozenEngine } from '../engine/index.ts';
import type { Grade, Group, Trajectory } from '../types/index.ts';
import { groupMetrics, logprobGap } from './index.ts';
import { precisionMetrics } from './metrics.ts';

const task = { id: 'a', prompt: 'p', data: null };
const graded = (score: number, parts?: Record<string, number>): Grade => ({ status: 'graded', score, parts });

/** Two prompt tokens, then one token for each log-probability. */
function attempt(grade: Grade, logprobs: number[], finishReason: 'stop' | 'length' = 'stop'): Trajectory {
  return {
    task,
    tokens: [7, 7, ...logprobs.map(() => 1)],
    promptLength: 2,
    lossMask: Uint8Array.from([0, 0, ...logprobs.map(() => 1)]),
    logprobs: Float32Array.from([0, 0, ...logprobs]),
    completion: '',
    finishReason,
    grade,
    weightsVersion: 0,
  };
}
const group = (...trajectories: Trajectory[]): Group => ({ task, trajectories });

describe('groupMetrics', () => {
  it('leaves failed grades out of rewards and counts them', () => {
    const metrics = groupMetrics(
      [
        group(
          attempt(graded(1, { edits: 0 }), [-1, -2]),
          attempt(graded(0.5, { edits: 3 }), [-3], 'length'),
          attempt({ status: 'failed', reason: 'x' }, [-2]),
        ),
        group(attempt(graded(0), [-1]), attempt(graded(0), [-1, -1, -1, -2])),
      ],
      0.5,
    );
    expect(metrics).toEqual({
      'reward.mean': 0.375,
      'reward.std': expect.closeTo(Math.sqrt((0.625 ** 2 + 0.125 ** 2 + 2 * 0.375 ** 2) / 4), 12),
      'reward.passAt1': 0.5,
      'reward.parts.edits': 1.5,
      'groups.zeroVariance': 0.5,
      'grades.failed': 0.2,
      'length.mean': 9 / 5,
      'length.max': 4,
      'length.cutShare': 0.2,
      'tokens.sampled': 9,
      entropy: expect.closeTo(14 / 9, 6),
    });
  });

  it('gives pass@k of whole groups: the share with an attempt that passes', () => {
    const failed: Grade = { status: 'failed', reason: 'x' };
    const metrics = groupMetrics(
      [
        group(attempt(graded(0), [-1]), attempt(graded(1), [-1]), attempt(graded(1), [-1])),
        group(attempt(graded(0), [-1]), attempt(graded(0), [-1]), attempt(graded(0.9), [-1])),
        group(attempt(graded(1), [-1]), attempt(graded(1), [-1]), attempt(failed, [-1])),
      ],
      1,
    );
    expect(metrics['reward.passAt3']).toBe(0.5);
    expect(metrics['reward.passAt1']).toBe(0.5);
    const single = groupMetrics([group(attempt(graded(1), [-1]))], 1);
    expect(Object.keys(single).filter((name) => name.startsWith('reward.passAt'))).toEqual([
      'reward.passAt1',
    ]);
  });

  it('says nothing of rewards when nothing was graded, and nothing at all of no attempts', () => {
    const metrics = groupMetrics([group(attempt({ status: 'failed', reason: 'x' }, [-1]))], 1);
    expect(metrics).not.toHaveProperty('reward.mean');
    expect(metrics['grades.failed']).toBe(1);
    expect(groupMetrics([], 1)).toEqual({});
  });
});

describe('logprobGap', () => {
  it('is the mean and the largest difference over the model’s tokens', () => {
    const gap = logprobGap(
      [attempt(graded(1), [-1, -2]), attempt(graded(1), [-3])],
      [
        [9, 9, -1.5, -2],
        [9, 9, -2],
      ],
    );
    expect(gap).toEqual({ 'logprobGap.mean': 0.5, 'logprobGap.max': 1 });
  });

  it('does not lose a value that is not a number', () => {
    const gap = logprobGap([attempt(graded(1), [-1, -2])], [[0, 0, Number.NaN, -2]]);
    expect(gap['logprobGap.max']).toBeNaN();
  });
});

describe('precisionMetrics', () => {
  const of = (samplingPrecision: FrozenEngine['samplingPrecision']) =>
    precisionMetrics({ samplingPrecision } as FrozenEngine);

  it('tells the gap of int8 sampling and whether it was accepted', () => {
    expect(of(undefined)).toEqual({});
    expect(of({ precision: 'int8', gap: 0.01, largestGap: 0.05 })).toEqual({
      'sampling.int8': 1,
      'sampling.int8Gap': 0.01,
    });
    expect(of({ precision: 'float32', gap: 0.1, largestGap: 0.05 })).toMatchObject({ 'sampling.int8': 0 });
  });
});
