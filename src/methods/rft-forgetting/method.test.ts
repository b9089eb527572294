/** RIF-RFT: which tasks it keeps, that it learns from those only, and that it goes on with what it found. */
import { describe, expect, it } from 'vitest';
import { sequential } from '../../curricula/index.ts';
import { methodTable } from '../../training/index.ts';
import { ToyRun, toyRecipe } from '../../training/testing/fixture.ts';
import { successor, successorTokenizer } from '../../training/testing/successor.ts';
import { TabularEngine } from '../../training/testing/tabular-engine.ts';
import type { Environment } from '../../types/index.ts';
import { learnable, rifRft } from './method.ts';

const tokenizer = successorTokenizer();

/** Tasks 0..34 are never solved, 35..49 every other time, 50..69 always. */
function uneven(): Environment {
  let tried = 0;
  return {
    ...successor(),
    grader: {
      name: 'uneven',
      grade: ({ task }) => {
        const number = Number(task.prompt.slice(0, 2));
        const score = number < 35 ? 0 : number < 50 ? tried++ % 2 : 1;
        return { status: 'graded', score };
      },
    },
  };
}

function instance(filter: object, environment = uneven()) {
  const config = { ...rifRft.defaults, kl: {}, promptsPerStep: 6, groupSize: 4, filter };
  return rifRft.create(rifRft.config.parse(config), {
    engine: new TabularEngine({ tokenizer }),
    tokenizer,
    environment,
    curriculum: sequential(70),
    sampling: { maxTokens: 2, temperature: 1 },
    seed: 1,
    stage: 0,
  });
}

const context = (step: number) => ({
  step,
  stageStep: step,
  signal: new AbortController().signal,
  onTokens() {},
  onTime() {},
});

/** Numbers of the tasks of so many steps, sorted, each once. */
async function practised(filter: object, steps: number, environment = uneven()) {
  const made = instance(filter, environment);
  const seen = new Set<number>();
  let first: Record<string, number> = {};
  for (let step = 1; step <= steps; step++) {
    const { groups = [], metrics } = await made.step(context(step));
    if (step === 1) first = metrics;
    for (const { task } of groups) seen.add(Number(String(task.prompt).slice(0, 2)));
  }
  return { tasks: [...seen].sort((a, b) => a - b), first };
}

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

describe('learnable', () => {
  it('keeps rates above one bound and up to the other', () => {
    const rates = [0, 0.125, 0.5, 0.875, 1];
    expect(learnable(rates, { above: 0, atMost: 1 })).toEqual([1, 2, 3, 4]);
    expect(learnable(rates, { above: 0, atMost: 0.99 })).toEqual([1, 2, 3]);
    expect(learnable(rates, { above: 0.125, atMost: 0.875 })).toEqual([2, 3]);
  });
});

describe('RIF-RFT', () => {
  it('practises the tasks that were solved now and then, and no others', async () => {
    const { tasks, first } = await practised({}, 6);
    expect(tasks).toEqual(range(35, 70));
    expect(first).toMatchObject({ 'filter.kept': 35, 'filter.share': 0.5 });
    expect(first['filter.passRate']).toBeCloseTo((15 * 0.5 + 20) / 70, 6);
    expect(first['filter.tokens']).toBeGreaterThan(70 * 8);
    expect((await practised({ atMost: 0.99 }, 3)).tasks).toEqual(range(35, 50));
  });

  it('keeps as many tasks of any kind for comparison, and tries a pool only', async () => {
    const { tasks, first } = await practised({ choose: 'random' }, 6);
    expect(first['filter.kept']).toBe(35);
    expect(tasks).toHaveLength(35);
    expect(Math.min(...tasks)).toBeLessThan(35);
    const endless = { ...uneven(), size: () => Infinity };
    expect((await practised({ pool: 37 }, 1, endless)).tasks).toEqual([35, 36]);
    expect(() => instance({}, endless)).toThrow(/has no end of training tasks, expected filter.pool/);
  });

  it('says so where nothing is left, and where the bounds are crossed', async () => {
    await expect(instance({ pool: 30 }).step(context(1))).rejects.toThrow(
      /none of 30 tasks has a pass rate above 0 and at most 1 in 8 rollouts/,
    );
    expect(() => instance({ above: 0.5, atMost: 0.5 })).toThrow(/above to be less than atMost/);
  });

  it('goes on after a pause bit for bit, without filtering again', async () => {
    const stage = { method: 'rif-rft', steps: 6, learningRate: 0.1, promptsPerStep: 4, groupSize: 4 };
    const run = async (stopAfter?: number) => {
      const setup = await ToyRun.open({ methods: methodTable([rifRft]) });
      const stop = new AbortController();
      const onEvent = ({ type, step }: { type: string; step: number }) => {
        if (type === 'step.finished' && step === stopAfter) stop.abort();
      };
      await setup.train(toyRecipe([stage]), { signal: stop.signal, onEvent });
      if (stopAfter !== undefined) await setup.train(toyRecipe([stage]), { resume: true });
      const metrics = await setup.metrics();
      const table = setup.engine.table.slice();
      await setup.close();
      return { metrics, table };
    };
    const whole = await run();
    expect(whole.metrics['filter.kept'].steps).toEqual([1]);
    expect(await run(3)).toEqual(whole);
  });
});
