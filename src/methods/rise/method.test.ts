/** RISE's step: what it samples, which examples it makes under which history, and how they are weighted. */
import { describe, expect, it } from 'vitest';
import { sequential } from '../../curricula/index.ts';
import type { Engine } from '../../engine/index.ts';
import { scriptedModel, scriptedTokenizer } from '../../rollout/testing/scripted-model.ts';
import type { MethodStep } from '../../training/index.ts';
import { ToyRun, toyRecipe } from '../../training/testing/fixture.ts';
import type { Environment, Task } from '../../types/index.ts';
import { methods } from '../index.ts';
import { rise } from './method.ts';

const tokenizer = scriptedTokenizer();
const tasks: Task[] = ['1:', '2:'].map((prompt) => ({ id: prompt, prompt, data: null, completion: 'ay' }));
const environment: Environment = {
  name: 'answers',
  size: () => tasks.length,
  task: (_, index) => tasks[index],
  grader: {
    name: 'ends in y',
    grade: ({ completion }) => ({ status: 'graded', score: Number(completion.endsWith('y')) }),
  },
  symbols: [],
};

/** Says `n`, or with a small chance `y`; after the first wrong attempt `y` with chance `again`. */
const solver = (again: number) =>
  scriptedModel((text): Record<string, number> => {
    if (/[yn]$/.test(text)) return { '<eos>': 1 };
    return text.includes('|') ? { y: again, n: 1 - again } : { n: 1 };
  });

async function stepOf(config: object, engine = solver(0.2), stageStep = 1): Promise<MethodStep> {
  const parsed = rise.config.parse({
    promptsPerStep: 2,
    feedback: '|{prompt}',
    centre: 'none',
    updateEpochs: 1,
    ...config,
  });
  const instance = rise.create(parsed, {
    engine: engine as Engine,
    tokenizer,
    environment,
    curriculum: sequential(tasks.length),
    sampling: { maxTokens: 4, temperature: 1 },
    seed: 4,
    stage: 0,
  });
  return await instance.step({
    step: stageStep,
    stageStep,
    signal: new AbortController().signal,
    onTokens() {},
    onTime() {},
  });
}

/** Text of history and attempt, and the weight of each example. */
function examples({ updates }: MethodStep) {
  return updates
    .flatMap(({ batch }) =>
      batch.sequences.map((tokens, i) => {
        const start = Array.from(batch.mask[i]).indexOf(1);
        expect(Array.from(batch.mask[i])).toEqual(tokens.map((_, t) => Number(t >= start)));
        const decode = (ids: readonly number[]) => tokenizer.decode(ids, { skipSpecial: false });
        return {
          history: decode(tokens.slice(0, start)),
          attempt: decode(tokens.slice(start)),
          weight: batch.data.advantages[i][start],
        };
      }),
    )
    .sort((a, b) => (`${a.history}${a.attempt}` < `${b.history}${b.attempt}` ? -1 : 1));
}

const firstTurn = (prompt: string) => ({ history: prompt, attempt: 'n<eos>', weight: 1 });
const improvedTurn = (prompt: string, attempt = 'y<eos>') => ({
  history: `${prompt}n<eos>|${prompt}`,
  attempt,
  weight: Math.fround(Math.exp(1 / 0.4)),
});

describe('a step of RISE', () => {
  it('learns the failed attempt, and the best of several under it as history, by exp(r/τ)', async () => {
    const made = await stepOf({});
    expect(examples(made)).toEqual([
      firstTurn('1:'),
      improvedTurn('1:'),
      firstTurn('2:'),
      improvedTurn('2:'),
    ]);
    // One own attempt and sixteen candidates a task; all of them count as sampled.
    expect(made.groups?.map(({ trajectories }) => trajectories.length)).toEqual([17, 17]);
    expect(made.metrics).toMatchObject({ 'turn.1': 0, 'turn.improved': 1, examples: 4 });
    expect(made.updates[0].objective.name).toBe('reinforce');
    expect(
      made.updates[0].batch.weight.flatMap((row) => Array.from(row)).reduce((a, b) => a + b),
    ).toBeCloseTo(1);
  });

  it('makes one more attempt at each iteration, up to the most', async () => {
    const histories = async (stageStep: number) => {
      const made = await stepOf({ turns: 2, samples: 4 }, solver(0), stageStep);
      return Math.max(...examples(made).map(({ history }) => history.split('|').length - 1));
    };
    expect([await histories(1), await histories(2), await histories(3)]).toEqual([1, 2, 2]);
  });

  it('takes the worked completion as the improved attempt, without sampling it', async () => {
    const made = await stepOf({ improvement: 'worked' });
    expect(examples(made)).toEqual([
      firstTurn('1:'),
      improvedTurn('1:', 'ay<eos>'),
      firstTurn('2:'),
      improvedTurn('2:', 'ay<eos>'),
    ]);
    expect(made.groups?.map(({ trajectories }) => trajectories.length)).toEqual([1, 1]);
  });

  it('stops at a right attempt, and improves nothing then', async () => {
    const sure = scriptedModel(
      (text): Record<string, number> => (text.endsWith('y') ? { '<eos>': 1 } : { y: 1 }),
    );
    const made = await stepOf({ turns: 3, startTurns: 3 }, sure);
    expect(examples(made).map(({ attempt }) => attempt)).toEqual(['y<eos>', 'y<eos>']);
    expect(made.metrics).not.toHaveProperty('turn.improved');
  });

  it('keeps what the criterion asks for', async () => {
    const kept = async (keep: string, again: number) =>
      examples(await stepOf({ keep, turns: 3, startTurns: 3, samples: 1 }, solver(again))).map(
        ({ history, attempt }) => `${history.split('|').length}${attempt[0]}`,
      );
    // Three wrong attempts and a wrong last one: repetitions differ in their history, so none is dropped.
    expect(await kept('all', 0)).toEqual(['1n', '2n', '3n', '4n', '1n', '2n', '3n', '4n']);
    expect(await kept('better', 0)).toEqual(['1n', '1n']);
    expect(await kept('best', 0)).toEqual(['1n', '2n', '3n', '4n', '1n', '2n', '3n', '4n']);
    expect(await kept('success', 0)).toEqual([]);
    expect(await kept('success', 1)).toEqual(['2y', '2y']);
    expect(await kept('better', 1)).toEqual(['1n', '2y', '1n', '2y']);
  });

  it('centres rewards by task and gives cut attempts their own', async () => {
    const centred = examples(await stepOf({ centre: 'prompt', rewardTemperature: 1 }));
    expect(centred.map(({ weight }) => weight)).toEqual(
      [-0.5, 0.5, -0.5, 0.5].map((a) => Math.fround(Math.exp(a))),
    );
    const endless = scriptedModel(() => ({ n: 1 }));
    const cut = examples(await stepOf({ rewardTemperature: 2, cutReward: -1, improvement: 'none' }, endless));
    expect(cut.map(({ weight }) => weight)).toEqual(Array(2).fill(Math.fround(Math.exp(-0.5))));
  });

  it('names a task without a worked completion', async () => {
    const bare = { ...environment, task: (_: string, i: number) => ({ ...tasks[i], completion: undefined }) };
    const parsed = rise.config.parse({ improvement: 'worked', promptsPerStep: 1, feedback: '|' });
    const instance = rise.create(parsed, {
      engine: solver(0) as Engine,
      tokenizer,
      environment: bare,
      curriculum: sequential(2),
      sampling: { maxTokens: 4 },
      seed: 1,
      stage: 0,
    });
    const step = { step: 1, stageStep: 1, signal: new AbortController().signal, onTokens() {}, onTime() {} };
    await expect(instance.step(step)).rejects.toThrow('task 1: has no completion');
  });
});

describe('runs of RISE', () => {
  it('go on where they were stopped, with the examples of earlier iterations, bit for bit', async () => {
    const stage = {
      method: 'rise',
      steps: 4,
      learningRate: 0.1,
      promptsPerStep: 8,
      samples: 4,
      feedback: '={prompt}',
    };
    const recipe = toyRecipe([stage], { snapshots: { every: 2, keep: 2 } });
    const whole = await ToyRun.open({ methods });
    await whole.train(recipe);
    const broken = await ToyRun.open({ methods });
    const stop = new AbortController();
    const first = await broken.train(recipe, {
      signal: stop.signal,
      onEvent: ({ type, step }) => {
        if (type === 'step.finished' && step === 3) stop.abort();
      },
    });
    expect(first.status).toBe('interrupted');
    await broken.train(recipe, { resume: true });
    expect(broken.engine.table).toEqual(whole.engine.table);
    const metrics = await broken.metrics();
    expect(metrics).toEqual(await whole.metrics());
    const { examples: total } = metrics;
    expect(total.values).toEqual([...total.values].sort((a, b) => a - b));
    await whole.close();
    await broken.close();
  });
});
