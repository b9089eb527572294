/** Best-of-N: which attempts it imitates, and for how many passes. */
import { describe, expect, it } from 'vitest';
import { sequential } from '../../curricula/index.ts';
import { successor, successorTokenizer } from '../../training/testing/successor.ts';
import { TabularEngine } from '../../training/testing/tabular-engine.ts';
import type { Grade } from '../../types/index.ts';
import { bestOfN } from './best-of-n.ts';

const tokenizer = successorTokenizer();

async function oneStep(scores: (number | undefined)[], config: object = {}) {
  let next = 0;
  const environment = successor((): Grade => {
    const score = scores[next++ % scores.length];
    return score === undefined ? { status: 'failed', reason: 'x' } : { status: 'graded', score };
  });
  const parsed = bestOfN.config.parse({ promptsPerStep: 2, groupSize: 4, ...config });
  const instance = bestOfN.create(parsed, {
    engine: new TabularEngine({ tokenizer }),
    tokenizer,
    environment,
    curriculum: sequential(70),
    sampling: { maxTokens: 3, temperature: 1 },
    seed: 1,
    stage: 0,
  });
  return await instance.step({
    step: 1,
    stageStep: 1,
    signal: new AbortController().signal,
    onTokens() {},
    onTime() {},
  });
}

describe('best of N', () => {
  it('imitates the best attempt of every group, once a pass', async () => {
    const {
      groups = [],
      updates,
      metrics,
    } = await oneStep([0.1, 0.7, 0.2, undefined, 0, 0, 0, 0.3], {
      updateEpochs: 3,
    });
    expect(updates).toHaveLength(3);
    const best = [groups[0].trajectories[1].tokens, groups[1].trajectories[3].tokens];
    for (const { batch, objective } of updates) {
      expect(objective.name).toBe('cross-entropy');
      expect([...batch.sequences].sort()).toEqual([...best].sort());
    }
    expect(metrics['examples.score']).toBeCloseTo(0.5, 6);
  });

  it('splits into batches, and learns nothing where nothing could be graded', async () => {
    expect((await oneStep([0, 1], { batchSize: 1 })).updates).toHaveLength(2);
    expect((await oneStep([undefined])).updates).toEqual([]);
  });
});
