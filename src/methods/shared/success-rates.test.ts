/** Success rates: one a task whatever the chunks, by a threshold or by scores, the same every time. */
import { describe, expect, it } from 'vitest';
import { successor, successorTokenizer } from '../../training/testing/successor.ts';
import { TabularEngine } from '../../training/testing/tabular-engine.ts';
import type { Grade } from '../../types/index.ts';
import { successRates } from './success-rates.ts';

const tokenizer = successorTokenizer();

/** Tries `count` tasks; the n-th attempt of all scores the n-th of `scores`, around and around. */
async function rates(scores: (number | 'failed')[], count: number, passThreshold?: number) {
  let next = 0;
  const { grader, task } = successor((): Grade => {
    const score = scores[next++ % scores.length];
    return score === 'failed' ? { status: 'failed', reason: 'x' } : { status: 'graded', score };
  });
  return await successRates({
    engine: new TabularEngine({ tokenizer }),
    tokenizer,
    grader,
    tasks: Array.from({ length: count }, (_, index) => task('train', index % 70)),
    samples: 4,
    sampling: { maxTokens: 3, temperature: 1 },
    passThreshold,
    seed: 1,
    path: ['try'],
  });
}

describe('successRates', () => {
  it('averages scores, or counts those that pass; failed grades are left out', async () => {
    expect((await rates([1, 0.5, 0.5, 0], 2)).rates).toEqual([0.5, 0.5]);
    expect((await rates([1, 0.5, 0.5, 0], 2, 0.5)).rates).toEqual([0.75, 0.75]);
    expect((await rates([1, 'failed', 'failed', 0], 1)).rates).toEqual([0.5]);
    expect((await rates(['failed'], 1)).rates).toEqual([0]);
  });

  it('gives every task its own rate over several calls, and counts the tokens', async () => {
    const { rates: found, tokens } = await rates([...Array(4 * 65).fill(0), 1, 1, 0, 0], 66);
    expect(found).toEqual([...Array(65).fill(0), 0.5]);
    expect(tokens).toBeGreaterThanOrEqual(66 * 4);
    expect(tokens).toBeLessThanOrEqual(66 * 4 * 3);
  });
});
