/** Expert iteration: what a round imitates, where it begins, and that it is exact when interrupted. */
import { describe, expect, it } from 'vitest';
import { sequential } from '../../curricula/index.ts';
import { ToyRun, toyRecipe } from '../../training/testing/fixture.ts';
import { successor, successorTokenizer } from '../../training/testing/successor.ts';
import { TabularEngine } from '../../training/testing/tabular-engine.ts';
import { methods } from '../index.ts';
import { expertIteration } from './method.ts';

const tokenizer = successorTokenizer();
const odd = (said: string) => ({ status: 'graded', score: Number(said.length % 2 === 1) }) as const;

async function round(config: object = {}) {
  const parsed = expertIteration.config.parse({ promptsPerStep: 4, groupSize: 64, ...config });
  const instance = expertIteration.create(parsed, {
    engine: new TabularEngine({ tokenizer }),
    tokenizer,
    environment: successor(odd),
    curriculum: sequential(70),
    sampling: { maxTokens: 3, temperature: 1 },
    seed: 2,
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

/** The completions that a step's first pass imitates. */
function imitated({ updates }: Awaited<ReturnType<typeof round>>, passes: number) {
  const all = updates.slice(0, updates.length / passes).flatMap(({ batch }) => batch.sequences);
  return all.map(String).sort();
}

describe('expert iteration', () => {
  it('imitates every right answer that ended by itself, once', async () => {
    const made = await round();
    const right = (made.groups ?? []).flatMap(({ trajectories }) =>
      trajectories.filter(
        ({ finishReason, grade }) =>
          finishReason === 'stop' && grade.status === 'graded' && grade.score === 1,
      ),
    );
    const distinct = [...new Set(right.map(({ tokens }) => String(tokens)))].sort();
    expect(right.length).toBeGreaterThan(distinct.length);
    expect(imitated(made, 2)).toEqual(distinct);
    expect(made.metrics).toEqual({
      examples: distinct.length,
      'examples.repeated': right.length - distinct.length,
    });
    for (const { batch } of made.updates)
      batch.sequences.forEach((tokens, i) => {
        expect(Array.from(batch.mask[i])).toEqual(tokens.map((_, t) => Number(t >= 3)));
      });
  });

  it('keeps repeated answers if told to', async () => {
    const made = await round({ distinct: false, updateEpochs: 1 });
    expect(imitated(made, 1).length).toBe(made.metrics.examples);
    expect(made.metrics['examples.repeated']).toBe(0);
    expect(made.metrics.examples).toBeGreaterThan((await round()).metrics.examples);
  });

  it('changes nothing in a round without a right answer', async () => {
    const made = await round({ passThreshold: 1, promptsPerStep: 1, groupSize: 1, maxTokens: 1 });
    expect(made.updates).toEqual([]);
    expect(made.fromStart).toBe(false);
  });

  it('begins each round from the start, unless it is to go on from the latest weights', async () => {
    const weightsAfter = async (from: string, steps: number) => {
      const run = await ToyRun.open({ methods });
      const own = { from, steps, promptsPerStep: 8, groupSize: 8, learningRate: 0.1, schedule: 'constant' };
      const stage = { method: 'expert-iteration', ...own } as const;
      await run.train(toyRecipe([{ method: 'supervised', steps: 2, learningRate: 0.1 }, stage as never]));
      const { table, weightsVersion } = run.engine;
      await run.close();
      return { table, weightsVersion };
    };
    const moved = (a: Float32Array, b: Float32Array) => Math.hypot(...a.map((x, i) => x - b[i]));
    const origin = await weightsAfter('latest', 0);
    const [start, latest] = [await weightsAfter('start', 1), await weightsAfter('latest', 1)];
    expect(start.table).toEqual(latest.table);
    const [later, onward] = [await weightsAfter('start', 6), await weightsAfter('latest', 6)];
    // From the start a round's few updates are all that separates the weights from the start's.
    expect(moved(later.table, origin.table)).toBeLessThan(0.5 * moved(onward.table, origin.table));
  });

  it.each(['start', 'latest'])('from the %s learns', async (from) => {
    const run = await ToyRun.open({ methods });
    const own = { from, steps: 6, promptsPerStep: 70, groupSize: 32, batchSize: 8, learningRate: 0.3 };
    const result = await run.train(toyRecipe([{ method: 'expert-iteration', updateEpochs: 4, ...own }]));
    await run.close();
    if (result.status !== 'finished') throw new Error('the run did not finish');
    const { before, after } = result.summary;
    expect(before.passAt1.estimate).toBeLessThan(0.2);
    expect(after.passAt1.estimate).toBeGreaterThan(0.6);
  });

  it.each(['start', 'latest'])('from the %s goes on where it was stopped, bit for bit', async (from) => {
    const stage = { method: 'expert-iteration', from, steps: 5, promptsPerStep: 4, groupSize: 8 };
    const recipe = toyRecipe([{ ...stage, learningRate: 0.1 }], { snapshots: { every: 2, keep: 2 } });
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
    expect(await broken.metrics()).toEqual(await whole.metrics());
    await whole.close();
    await broken.close();
  });
});
