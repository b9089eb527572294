/** TAROT's step: which tiers pay at which part of a pass, how the policy is chosen, and that all of it survives a pause. */
import { describe, expect, it } from 'vitest';
import { sequential } from '../../curricula/index.ts';
import { methodTable } from '../../training/index.ts';
import { ToyRun, toyRecipe } from '../../training/testing/fixture.ts';
import { successor, successorTokenizer } from '../../training/testing/successor.ts';
import { TabularEngine } from '../../training/testing/tabular-engine.ts';
import type { Grade } from '../../types/index.ts';
import { tarot } from './method.ts';

const tokenizer = successorTokenizer();
type Parts = Record<string, number>;

const passed = (parts: Parts): Grade => ({
  status: 'graded',
  score: Number(['basic', 'medium', 'high', 'edge'].every((tier) => parts[tier] === 1)),
  parts,
});

/** Four attempts at each of two tasks, graded in turn as given. */
function instanceOf(grades: Parts[], config: object = {}) {
  const engine = new TabularEngine({ tokenizer });
  let next = 0;
  const environment = successor(() => passed({ ...grades[next++ % grades.length] }));
  const parsed = tarot.config.parse({
    ...tarot.defaults,
    kl: {},
    promptsPerStep: 2,
    groupSize: 4,
    passPrompts: 10,
    normalise: 'none',
    ...config,
  });
  return tarot.create(parsed, {
    engine,
    tokenizer,
    environment,
    curriculum: sequential(70),
    sampling: { maxTokens: 4, temperature: 1 },
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

/** One attempt passes each tier; steps begin at progress 0, .2, .4, .6 and .8. */
const ONE_EACH: Parts[] = [{ basic: 1 }, { medium: 1 }, { high: 1 }, { edge: 1 }];

async function advantagesOver(config: object, steps = 5) {
  const instance = instanceOf(ONE_EACH, config);
  const rows: number[][] = [];
  for (let step = 1; step <= steps; step++) {
    const { advantages = [] } = await instance.step(contextOf(step));
    expect(advantages[1]).toEqual(advantages[0]);
    rows.push((advantages[0] as number[]).map((a) => Number(a.toFixed(4))));
  }
  return rows;
}

const centred = (rewards: number[]) => {
  const mean = rewards.reduce((a, b) => a + b, 0) / rewards.length;
  return rewards.map((r) => Number((r - mean).toFixed(4)));
};

describe('TAROT', () => {
  it('pays easy tiers first, or hard ones, and all of them at the end', async () => {
    expect(await advantagesOver({ policy: 'var-asce-normal' })).toEqual(
      [
        [0.15, 0, 0, 0],
        [0.15, 0.15, 0, 0],
        [0.15, 0.15, 0.35, 0],
        [0.15, 0.15, 0.35, 0.35],
        [0.15, 0.15, 0.35, 0.35],
      ].map(centred),
    );
    expect(await advantagesOver({ policy: 'var-asce-rev' })).toEqual(
      [
        [0, 0, 0.35, 0],
        [0, 0, 0.35, 0.35],
        [0, 0.15, 0.35, 0.35],
        [0.15, 0.15, 0.35, 0.35],
        [0.15, 0.15, 0.35, 0.35],
      ].map(centred),
    );
    expect(await advantagesOver({ policy: 'pass-all' }, 1)).toEqual([[0, 0, 0, 0]]);
  });

  it('adds the format, and leaves what graders said as it was', async () => {
    const grades = [{ high: 1, format: 1 }, { high: 1 }, { format: 1 }, {}].map((parts) => ({
      basic: 0,
      medium: 0,
      high: 0,
      edge: 0,
      format: 0,
      ...parts,
    }));
    const instance = instanceOf(grades, { policy: 'complex-only', formatWeight: 0.5 });
    const { advantages = [], groups = [], metrics } = await instance.step(contextOf(1));
    (advantages[0] as number[]).forEach((a, i) => {
      expect(a).toBeCloseTo([0.75, 0.25, -0.25, -0.75][i], 5);
    });
    expect(groups[0].trajectories.map(({ grade }) => grade.status === 'graded' && grade.parts)).toEqual(
      grades,
    );
    expect(metrics['tiers.flatGroups']).toBe(0);
    expect(metrics['tiers.formatShare']).toBeCloseTo(0.25 / 1.25, 5);
  });

  it('counts prompts that were sampled anew as consumed', async () => {
    const instance = instanceOf([{ basic: 0 }], {
      policy: 'uni',
      dynamicSampling: true,
      maxResamples: 2,
      passPrompts: 12,
    });
    const progress: number[] = [];
    for (let step = 1; step <= 3; step++)
      progress.push((await instance.step(contextOf(step))).metrics['tiers.progress']);
    expect(progress).toEqual([0, 0.5, 1]);
  });

  it('measures the model before the first step and takes the policy for it', async () => {
    const chosen = async (parts: Parts) => {
      const instance = instanceOf([parts], { policy: 'by-capability' });
      const { metrics } = await instance.step(contextOf(1));
      const state = instance.state() as { policy: string; capability: number };
      expect(metrics['tiers.capability']).toBe(state.capability);
      return [state.policy, state.capability, metrics['tiers.ceiling']];
    };
    expect(await chosen({ basic: 1, medium: 1, high: 1, edge: 1 })).toEqual(['var-asce-rev', 1, 0.35]);
    expect(await chosen({ basic: 1, medium: 1, high: 1, edge: 0 })).toEqual(['var-asce-normal', 0, 0.15]);
  });

  it('says what is missing: tiers in grades, or an end of the tasks', async () => {
    await expect(instanceOf([{ other: 1 }], { policy: 'uni' }).step(contextOf(1))).rejects.toThrow(
      /has the parts other, expected tiers such as basic/,
    );
    const endless = { ...successor(), size: () => Number.POSITIVE_INFINITY };
    const config = tarot.config.parse({});
    expect(() => tarot.create(config, { environment: endless } as never)).toThrow(/expected passPrompts/);
  });

  it('goes on after a pause exactly where it was', async () => {
    const run = async (stopAfter?: number) => {
      const environment = successor((completion, answer) =>
        passed({
          basic: Number(completion.length > 0),
          medium: Number(completion.startsWith(answer)),
          high: Number(completion.includes('1')),
          edge: Number(completion === answer),
          format: Number(completion.length < 4),
        }),
      );
      const setup = await ToyRun.open({ methods: methodTable([tarot]), environment });
      const stage = {
        method: 'tarot',
        steps: 10,
        learningRate: 0.1,
        promptsPerStep: 4,
        groupSize: 4,
        passPrompts: 40,
        probe: { tasks: 10 },
      };
      const recipe = toyRecipe([stage]);
      if (stopAfter !== undefined) {
        const stop = new AbortController();
        await setup.train(recipe, {
          signal: stop.signal,
          onEvent: ({ type, step }) => {
            if (type === 'step.finished' && step === stopAfter) stop.abort();
          },
        });
      }
      await setup.train(recipe, { resume: stopAfter !== undefined });
      const metrics = await setup.metrics();
      const table = setup.engine.table.slice();
      await setup.close();
      return { metrics, table };
    };
    const whole = await run();
    expect(whole.metrics['tiers.progress'].values).toEqual([0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]);
    expect(await run(3)).toEqual(whole);
  });
});
