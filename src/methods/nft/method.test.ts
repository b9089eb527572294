/** NFT's step: which rows it makes, what they carry, and that wrong answers teach. */
import { describe, expect, it } from 'vitest';
import { sequential } from '../../curricula/index.ts';
import { successor, successorTokenizer } from '../../training/testing/successor.ts';
import { TabularEngine } from '../../training/testing/tabular-engine.ts';
import type { Grade } from '../../types/index.ts';
import { drGrpo } from '../grpo/presets.ts';
import { nft } from './method.ts';
import { rft } from './presets.ts';

const tokenizer = successorTokenizer();

const contextOf = (step: number) => ({
  step,
  stageStep: step,
  signal: new AbortController().signal,
  onTokens() {},
  onTime() {},
});

async function oneStep(method: typeof nft, scores: (number | 'failed')[], config: object = {}) {
  const engine = new TabularEngine({ tokenizer });
  let next = 0;
  const environment = successor((): Grade => {
    const score = scores[next++ % scores.length];
    return score === 'failed' ? { status: 'failed', reason: 'x' } : { status: 'graded', score };
  });
  const parsed = method.config.parse({
    ...method.defaults,
    promptsPerStep: 2,
    groupSize: 4,
    minibatches: 1,
    ...config,
  });
  const instance = method.create(parsed, {
    engine,
    tokenizer,
    environment,
    curriculum: sequential(70),
    sampling: { maxTokens: 40, temperature: 1 },
    seed: 1,
    stage: 0,
  });
  const made = await instance.step(contextOf(1));
  return { made, engine };
}

/** Weights after five steps of sampling, grading and learning, with a single minibatch a step. */
async function trained(method: typeof nft) {
  const engine = new TabularEngine({ tokenizer });
  const config = {
    promptsPerStep: 8,
    groupSize: 4,
    minibatches: 1,
    dynamicSampling: true,
    maxResamples: 2,
    aggregation: 'token-mean',
  };
  const instance = method.create(method.config.parse({ ...method.defaults, ...config }), {
    engine,
    tokenizer,
    environment: successor((said): Grade => ({ status: 'graded', score: Number(said.length % 2 === 1) })),
    curriculum: sequential(70),
    sampling: { maxTokens: 60, temperature: 1 },
    seed: 3,
    stage: 0,
  });
  for (let step = 1; step <= 5; step++) {
    const { updates } = await instance.step(contextOf(step));
    for (const { batch, objective } of updates) {
      await engine.forwardBackward(batch, objective);
      await engine.optimStep({ learningRate: 0.05, epsilon: 1e-4 });
    }
  }
  return engine;
}

describe('NFT', () => {
  it('with one minibatch a step walks the path of Dr. GRPO', async () => {
    const [ours, theirs] = [await trained(nft), await trained(drGrpo)];
    expect(ours.weightsVersion).toBe(5);
    const gap = ours.table.reduce((most, x, i) => Math.max(most, Math.abs(x - theirs.table[i])), 0);
    expect(gap).toBeLessThan(1e-4);
  });

  it('takes the success rate of the whole group before splitting, by a threshold', async () => {
    const { made } = await oneStep(nft, [1, 0.6, 0.4, 0, 0.6, 0, 0, 0], {
      passThreshold: 0.5,
      minibatches: 4,
    });
    expect(made.advantages).toEqual([
      [0.5, 0.5, -0.5, -0.5],
      [0.75, -0.25, -0.25, -0.25],
    ]);
    expect(made.updates).toHaveLength(4);
    expect(made.updates[0].objective.name).toBe('nft');
  });

  it('drops groups that agree and samples others, at most ten times', async () => {
    const { made } = await oneStep(nft, [1, 1, 1, 1, 0, 0, 0, 0], { maxTokens: 400 });
    expect(made.updates).toEqual([]);
    expect(made.metrics).toMatchObject({ 'groups.kept': 0, resamples: 10 });
  });

  it('drops groups whose different scores are all right, or all wrong', async () => {
    const { made } = await oneStep(nft, [0.6, 0.9, 0.8, 1, 0.1, 0.3, 0, 0.2], {
      passThreshold: 0.5,
      maxTokens: 400,
    });
    expect(made.updates).toEqual([]);
    expect(made.metrics).toMatchObject({ 'groups.kept': 0, resamples: 10 });
  });

  it('counts answers cut at the limit as wrong, and leaves failed grades out', async () => {
    const { made } = await oneStep(nft, [1, 1, 0, 'failed'], { maxTokens: 1, dynamicSampling: false });
    const attempts = made.groups?.[0].trajectories ?? [];
    expect(
      attempts.some(({ finishReason, grade }) => finishReason === 'length' && grade.status === 'graded'),
    ).toBe(true);
    made.groups?.forEach(({ trajectories }, g) => {
      trajectories.forEach(({ finishReason, grade }, i) => {
        const advantage = made.advantages?.[g][i] ?? null;
        if (grade.status === 'failed') expect(advantage).toBeNull();
        else if (finishReason === 'length') expect(advantage).toBeLessThanOrEqual(0);
      });
    });
  });

  it('starts from ratios of 1 and pushes wrong answers down, which rejection sampling does not', async () => {
    const scores = [0, 0, 1, 0];
    const change = async (method: typeof nft) => {
      const { made, engine } = await oneStep(method, scores);
      const [{ batch, objective }] = made.updates;
      const { metrics } = await engine.forwardBackward(batch, objective);
      expect(metrics.ratioMean).toBeCloseTo(1, 4);
      const wrong = made.groups?.[0].trajectories[0].tokens ?? [];
      const right = made.groups?.[0].trajectories[2].tokens ?? [];
      const total = async (tokens: number[]) =>
        (await engine.forward([tokens])).logprobs[0].reduce((a, b) => a + b, 0);
      const before = [await total(wrong), await total(right)];
      await engine.optimStep({ learningRate: 0.02 });
      return { wrong: (await total(wrong)) - before[0], right: (await total(right)) - before[1], batch };
    };
    const [ours, positives] = [await change(nft), await change(rft)];
    expect(ours.right).toBeGreaterThan(0);
    expect(positives.right).toBeGreaterThan(0);
    expect(ours.wrong).toBeLessThan(positives.wrong - 0.01);
    expect(ours.batch.sequences).toHaveLength(8);
  });
});
