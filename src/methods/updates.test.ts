/** What a policy-gradient step hands to the engine, figure by figure. */
import { describe, expect, it } from 'vitest';
import { sequential } from '../curricula/index.ts';
import type { Engine } from '../engine/index.ts';
import type { MethodContext, MethodStep } from '../training/index.ts';
import { successor, successorTokenizer } from '../training/testing/successor.ts';
import { TabularEngine } from '../training/testing/tabular-engine.ts';
import type { Environment, Grade } from '../types/index.ts';
import { methods } from './index.ts';
import { overlongPenalty } from './shared/rewards.ts';

const tokenizer = successorTokenizer();

/** An environment whose n-th graded attempt gets the n-th grade, around and around. */
function scripted(grades: (number | 'failed')[]): Environment {
  let next = 0;
  return successor((): Grade => {
    const grade = grades[next++ % grades.length];
    return grade === 'failed' ? { status: 'failed', reason: 'x' } : { status: 'graded', score: grade };
  });
}

interface Tried {
  made: MethodStep;
  engine: Engine;
  state: unknown;
}

async function oneStep(
  name: string,
  config: Record<string, unknown>,
  environment: Environment,
  more: Partial<MethodContext> = {},
): Promise<Tried> {
  const method = methods[name];
  const engine = more.engine ?? new TabularEngine({ tokenizer });
  const parsed = method.config.parse({ ...method.defaults, promptsPerStep: 2, groupSize: 4, ...config });
  const instance = method.create(parsed, {
    engine,
    tokenizer,
    environment,
    curriculum: sequential(70),
    sampling: { maxTokens: 4, temperature: 1 },
    seed: 1,
    stage: 0,
    ...more,
  });
  const made = await instance.step({
    step: 1,
    stageStep: 1,
    signal: new AbortController().signal,
    onTokens() {},
    onTime() {},
  });
  return { made, engine, state: instance.state() };
}

/** Distinct non-zero values of a list of per-token lists, each list reduced to its one value on the mask. */
const perRow = (rows: readonly ArrayLike<number>[], masks: readonly ArrayLike<number>[]) =>
  rows.map((row, i) => {
    const values = new Set(Array.from(row).filter((_, t) => masks[i][t] > 0));
    expect(values.size).toBe(1);
    return [...values][0];
  });

describe('group-relative updates', () => {
  it('give each attempt its advantage over its group, and none to groups that agree', async () => {
    const { made } = await oneStep('grpo', { normalise: 'none' }, scripted([1, 0, 0, 1, 1, 1, 1, 1]));
    expect(made.advantages).toEqual([
      [0.5, -0.5, -0.5, 0.5],
      [0, 0, 0, 0],
    ]);
    const [{ batch, objective }] = made.updates;
    expect(objective.name).toBe('grpo');
    expect(made.updates).toHaveLength(1);
    // The agreeing group counts in the mean over sequences, and is not computed.
    expect(batch.sequences).toHaveLength(4);
    expect(perRow(batch.data.advantages, batch.mask)).toEqual([0.5, -0.5, -0.5, 0.5]);
    batch.weight.forEach((row, i) => {
      const masked = Array.from(batch.mask[i]).reduce((a, b) => a + b, 0);
      for (let t = 0; t < row.length; t++)
        expect(row[t]).toBeCloseTo(batch.mask[i][t] > 0 ? 1 / (8 * masked) : 0, 12);
    });
    const sampled = made.groups?.[0].trajectories.map((one) => one.logprobs);
    expect(batch.data.oldLogprobs).toEqual(sampled);
  });

  it('learn nothing when every group agrees, unless something else is in the loss', async () => {
    expect((await oneStep('grpo', {}, scripted([1]))).made.updates).toEqual([]);
    const curious = await oneStep('grpo', { entropyBonus: 0.1 }, scripted([1]));
    expect(curious.made.updates[0].batch.sequences).toHaveLength(8);
  });

  it('leave failed grades out of mean and loss', async () => {
    const { made } = await oneStep('grpo', { normalise: 'none' }, scripted([1, 'failed', 0, 0, 0, 0, 0, 0]));
    expect(made.advantages?.[0]).toEqual([Math.fround(2 / 3), null, ...Array(2).fill(Math.fround(-1 / 3))]);
    expect(made.updates[0].batch.sequences).toHaveLength(3);
  });

  it('split into minibatches that together hold every attempt, with the trainer’s own log-probabilities', async () => {
    const engine = new TabularEngine({ tokenizer, samplerError: 0.25 });
    const { made } = await oneStep(
      'grpo',
      { minibatches: 2, updateEpochs: 3, aggregation: 'token-mean' },
      scripted([1, 0]),
      { engine },
    );
    expect(made.updates).toHaveLength(6);
    const rows = made.updates.map(({ batch }) => batch.sequences.map((tokens) => tokens.join()));
    expect([...rows[0], ...rows[1]].sort()).toEqual([...rows[2], ...rows[3]].sort());
    expect(rows[0]).not.toEqual(rows[2]);
    for (const { batch } of made.updates) {
      const { logprobs } = await engine.forward(batch.sequences);
      expect(batch.data.oldLogprobs).toEqual(logprobs);
      const weights = batch.weight.flatMap((row) => Array.from(row));
      expect(weights.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 9);
    }
    expect(made.metrics['logprobGap.mean']).toBeCloseTo(0.25, 5);
  });
});

describe('dynamic sampling', () => {
  it('replaces groups that agree by other tasks, up to the cap, and tells of all of them', async () => {
    const grades = [1, 1, 1, 1, 1, 0, 1, 1, 0, 0, 0, 0, 0, 1, 0, 0];
    const { made } = await oneStep('grpo', { dynamicSampling: true }, scripted(grades));
    expect(made.groups?.map((group) => group.task.prompt)).toEqual(['00=', '01=', '02=', '03=']);
    expect(made.metrics).toMatchObject({ resamples: 2, 'groups.kept': 2 });
    expect(made.updates[0].batch.sequences).toHaveLength(8);
    expect(made.advantages?.map((group) => group.every((a) => a === null))).toEqual([
      true,
      false,
      true,
      false,
    ]);

    const capped = await oneStep('grpo', { dynamicSampling: true, maxResamples: 1 }, scripted([1]));
    expect(capped.made.groups).toHaveLength(4);
    expect(capped.made.updates).toEqual([]);
  });
});

describe('attempts cut at the limit', () => {
  it('are penalised as in DAPO, equation 13', () => {
    const at = [5, 6, 7, 8, 9, 10].map((length) => overlongPenalty(length, 10, 4));
    expect(at).toEqual([0, 0, -0.25, -0.5, -0.75, -1].map((x) => expect.closeTo(x, 12)));
  });

  it('may be masked out of the loss, though they count in the group', async () => {
    const grades = [1, 0];
    const kept = (await oneStep('grpo', {}, scripted(grades))).made;
    const masked = (await oneStep('grpo', { overlong: 'mask' }, scripted(grades))).made;
    expect(masked.advantages).toEqual(kept.advantages);
    const cut =
      kept.groups?.flatMap((g) => g.trajectories).filter((one) => one.finishReason === 'length') ?? [];
    expect(cut.length).toBeGreaterThan(0);
    expect(masked.updates[0].batch.sequences).toHaveLength(8 - cut.length);
    expect(kept.updates[0].batch.sequences).toHaveLength(8);
  });
});

describe('KL to the reference', () => {
  const engine = new TabularEngine({ tokenizer, seed: 1 });
  const reference = new TabularEngine({ tokenizer, seed: 2 });
  const context = { engine, reference };

  it('goes into the loss with the reference’s log-probabilities', async () => {
    const { made } = await oneStep('grpo', { kl: { coefficient: 0.3 } }, scripted([1]), context);
    const [{ batch, objective }] = made.updates;
    expect(objective.data).toContain('referenceLogprobs');
    expect(batch.data.referenceLogprobs).toEqual((await reference.forward(batch.sequences)).logprobs);
  });

  it('or comes off the rewards', async () => {
    const kl = { coefficient: 0.3, where: 'reward', estimator: 'k1' };
    const { made } = await oneStep('dr-grpo', { kl }, scripted([1]), context);
    const group = made.groups?.[0].trajectories ?? [];
    const { logprobs } = await reference.forward(group.map((one) => one.tokens));
    const rewards = group.map((one, i) => {
      let penalty = 0;
      for (let t = one.promptLength; t < one.tokens.length; t++) penalty += one.logprobs[t] - logprobs[i][t];
      return 1 - 0.3 * penalty;
    });
    const centre = rewards.reduce((a, b) => a + b, 0) / rewards.length;
    made.advantages?.[0].forEach((advantage, i) => {
      expect(advantage).toBeCloseTo(rewards[i] - centre, 5);
    });
    expect(made.updates[0].objective.data).not.toContain('referenceLogprobs');
    const all = made.groups?.flatMap((one) => one.trajectories) ?? [];
    const references = await reference.forward(all.map((one) => one.tokens));
    const gaps = all.flatMap((one, i) =>
      [...one.logprobs].map((x, t) => x - references.logprobs[i][t]).slice(one.promptLength),
    );
    expect(made.metrics.kl).toBeCloseTo(gaps.reduce((a, b) => a + b, 0) / gaps.length, 5);
  });

  it('or is reported alone, and changes no update', async () => {
    const { made } = await oneStep('rloo', { kl: { report: true } }, scripted([1, 0]), context);
    expect(made.metrics.kl).toBeGreaterThan(0);
    const plain = (await oneStep('rloo', {}, scripted([1, 0]), context)).made;
    expect(plain.metrics).not.toHaveProperty('kl');
    expect(made.updates[0].batch).toEqual(plain.updates[0].batch);
    expect(methods.rloo.needs(methods.rloo.config.parse({ kl: { report: true } })).reference).toBe(true);
    expect((await oneStep('rloo', { kl: { report: true } }, scripted([1]), context)).made.updates).toEqual(
      [],
    );
  });
});

describe('REINFORCE', () => {
  it('subtracts a running baseline, which it remembers', async () => {
    const config = { baseline: 'running', decay: 0.75 };
    const { made, state } = await oneStep('reinforce', config, scripted([1, 0, 0, 0]));
    expect(made.advantages?.[0]).toEqual([0.75, -0.25, -0.25, -0.25]);
    expect(state).toBe(0.25);
    expect(made.updates[0].objective.name).toBe('reinforce');
  });
});

describe('RLOO', () => {
  it('subtracts the mean of the others', async () => {
    const { made } = await oneStep('rloo', {}, scripted([1, 0, 0, 0]));
    expect(made.advantages?.[0]).toEqual([1, -1 / 3, -1 / 3, -1 / 3].map((x) => expect.closeTo(x, 6)));
    const several = await oneStep('rloo', { updateEpochs: 2 }, scripted([1, 0]));
    expect(several.made.updates[0].objective.key).toContain('sequence-product');
  });
});

describe('PPO', () => {
  it('credits tokens by values, and hands returns to the critic', async () => {
    const engine = new TabularEngine({ tokenizer });
    const config = { minibatches: 1, whiten: false, gamma: 1, lambda: 1, groupSize: 2 };
    const { made } = await oneStep('ppo', config, scripted([1, 0]), { engine });
    const [{ batch }] = made.updates;
    const { values } = await engine.forward(batch.sequences, { values: true });
    const scores = made.groups?.flatMap((g) => g.trajectories.map(({ grade }) => grade)) ?? [];
    batch.sequences.forEach((tokens, i) => {
      const grade = scores[i];
      const score = grade.status === 'graded' ? grade.score : Number.NaN;
      for (let t = 0; t < tokens.length; t++) {
        if (!(batch.mask[i][t] > 0)) continue;
        // With gamma = lambda = 1 the return is the score and the advantage what the critic missed.
        expect(batch.data.returns[i][t]).toBeCloseTo(score, 6);
        expect(batch.data.advantages[i][t]).toBeCloseTo(score - (values?.[i][t] ?? Number.NaN), 6);
      }
    });
  });
});

describe('supervised training', () => {
  it('looks at completion and end token only, and skips what is too long', async () => {
    const method = methods.supervised;
    const create = (config: object) =>
      method.create(method.config.parse(config), {
        engine: new TabularEngine({ tokenizer }),
        tokenizer,
        environment: successor(),
        curriculum: sequential(70),
        sampling: { maxTokens: 4, temperature: 1 },
        seed: 1,
        stage: 0,
      });
    const step = {
      step: 1,
      stageStep: 1,
      signal: new AbortController().signal,
      onTokens() {},
      onTime() {},
    };
    const { updates } = await create({ batchSize: 3 }).step(step);
    expect(updates[0].batch.sequences[1]).toEqual([...tokenizer.encode('01=2'), tokenizer.eosId]);
    expect(Array.from(updates[0].batch.mask[1])).toEqual([0, 0, 0, 1, 1]);
    const skipped = await create({ batchSize: 3, maxLength: 4 }).step(step);
    expect(skipped.updates).toEqual([]);
    expect(skipped.metrics['examples.skipped']).toBe(3);
    expect(create({ batchSize: 16 }).stepsForEpochs?.(2)).toBe(9);
  });
});
