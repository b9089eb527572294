/** Self-rewarding: what the rewards are, that grades are not looked at, and that learning follows the log ratio. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sequential } from '../../curricula/index.ts';
import { ToyRun, toyRecipe } from '../../training/testing/fixture.ts';
import { toyEngine } from '../../training/testing/kill-run.ts';
import { successor, successorTokenizer } from '../../training/testing/successor.ts';
import { TabularEngine } from '../../training/testing/tabular-engine.ts';
import type { Grade } from '../../types/index.ts';
import { methods } from '../index.ts';
import { selfRewardingPpo } from './method.ts';

const tokenizer = successorTokenizer();
const engineOf = (seed: number) => new TabularEngine({ tokenizer, seed });
const ungraded = (): Grade => ({ status: 'failed', reason: 'nobody knows' });

/** A method at work from the weights of `engine`, which are also the supervised model's. */
function instanceOf(engine: TabularEngine, base: TabularEngine, config: object = {}, grade = ungraded) {
  const defaults = { ...selfRewardingPpo.defaults, promptsPerStep: 4, groupSize: 4, base: 'base' };
  return selfRewardingPpo.create(selfRewardingPpo.config.parse({ ...defaults, ...config }), {
    engine,
    reference: engine.fork(),
    models: { base },
    tokenizer,
    environment: successor(grade),
    curriculum: sequential(70),
    sampling: { maxTokens: 6, temperature: 1 },
    seed: 1,
    stage: 0,
  });
}

const contextOf = (step: number) => ({
  step,
  stageStep: step,
  signal: new AbortController().signal,
  onTokens() {},
  onTime() {},
});

const GROUP = { credit: 'group', normalise: 'none', klCoefficient: 0 };

/** Log ratio of each attempt of a step, straight from the two engines. */
async function logRatios(
  groups: readonly { trajectories: readonly { tokens: number[]; promptLength: number }[] }[],
  supervised: TabularEngine,
  base: TabularEngine,
) {
  const of = async (tokens: number[], from: number) => {
    const [a, b] = [await supervised.forward([tokens]), await base.forward([tokens])];
    return a.logprobs[0].reduce((sum, x, t) => (t < from ? sum : sum + x - b.logprobs[0][t]), 0);
  };
  return await Promise.all(
    groups.map(({ trajectories }) =>
      Promise.all(trajectories.map(({ tokens, promptLength }) => of(tokens, promptLength))),
    ),
  );
}

describe('self-rewarding PPO', () => {
  it('rewards an attempt by its log ratio, whether it can be graded or not', async () => {
    const [engine, base] = [engineOf(0), engineOf(1)];
    const { groups = [], advantages, updates } = await instanceOf(engine, base, GROUP).step(contextOf(1));
    const rewards = await logRatios(groups, engine, base);
    rewards.forEach((group, g) => {
      const mean = group.reduce((a, b) => a + b, 0) / group.length;
      group.forEach((reward, i) => {
        expect(advantages?.[g][i]).toBeCloseTo(reward - mean, 4);
      });
    });
    expect(updates.length).toBe(4);
    expect(updates[0].objective.name).toBe('grpo');
  });

  it('has nothing to learn at first with the base as the reference and β = 1, unlike with the supervised model', async () => {
    const largest = async (config: object) => {
      const made = await instanceOf(engineOf(0), engineOf(1), { ...GROUP, ...config }).step(contextOf(1));
      return Math.max(...(made.advantages ?? []).flat().map((a) => Math.abs(a ?? 0)));
    };
    expect(await largest({ klCoefficient: 1, klReference: 'base' })).toBeLessThan(1e-4);
    expect(await largest({ klCoefficient: 1, klReference: 'supervised' })).toBeGreaterThan(0.1);
  });

  it.each([['group'], ['critic']])(
    'with credit by %s goes on from the supervised model away from the base',
    async (credit) => {
      const [engine, base] = [engineOf(0), engineOf(1)];
      const start = engine.fork() as TabularEngine;
      const instance = instanceOf(engine, base, { credit, klCoefficient: 0.3, promptsPerStep: 16 });
      const meanOf = async (step: number) => {
        const { groups = [], updates, metrics } = await instance.step(contextOf(step));
        const rewards = (await logRatios(groups, start, base)).flat();
        for (const { batch, objective } of updates) {
          await engine.forwardBackward(batch, objective);
          await engine.optimStep({ learningRate: 0.05 });
        }
        const mean = rewards.reduce((a, b) => a + b, 0) / rewards.length;
        expect(metrics['self.reward']).toBeCloseTo(mean, 4);
        return mean;
      };
      const first = await meanOf(1);
      let last = first;
      for (let step = 2; step <= 12; step++) last = await meanOf(step);
      expect(last).toBeGreaterThan(first + 0.3);
    },
  );

  it('masks attempts that were cut, if asked to', async () => {
    const rows = async (overlong: string) => {
      const config = { ...GROUP, overlong, maxTokens: 1, minibatches: 1, updateEpochs: 1 };
      const made = await instanceOf(engineOf(0), engineOf(1), config).step(contextOf(1));
      return made.updates.flatMap(({ batch }) => batch.sequences).length;
    };
    expect(await rows('keep')).toBe(16);
    expect(await rows('mask')).toBeLessThan(8);
  });

  it('goes on where it was stopped, bit for bit', async () => {
    const base = await mkdtemp(join(tmpdir(), 'burnish-base-'));
    const written = await toyEngine('onnx');
    await written.export(base);
    written.dispose();
    const stages = [
      { method: 'supervised', steps: 2, learningRate: 0.05 },
      { method: 'self-rewarding-ppo', steps: 4, learningRate: 0.05, promptsPerStep: 4, base },
    ];
    const recipe = toyRecipe(stages, { snapshots: { every: 1, keep: 1 } });
    const whole = await ToyRun.open({ methods });
    await whole.train(recipe);
    const broken = await ToyRun.open({ methods });
    const stop = new AbortController();
    const first = await broken.train(recipe, {
      signal: stop.signal,
      onEvent: ({ type, step }) => {
        if (type === 'step.finished' && step === 4) stop.abort();
      },
    });
    expect(first.status).toBe('interrupted');
    await broken.train(recipe, { resume: true });
    expect(broken.engine.table).toEqual(whole.engine.table);
    expect(await broken.metrics()).toEqual(await whole.metrics());
    await whole.close();
    await broken.close();
    await rm(base, { recursive: true, force: true });
  });
});
