/** The training loop: it learns, repeats itself bit for bit, stops and goes on, and keeps the best weights. */
import { existsSync, readdirSync } from 'node:fs';
import { readFile, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { methods } from '../methods/index.ts';
import type { RecipeInput, TrainEvent, TrainOptions } from './index.ts';
import { type Setup, ToyRun, toyRecipe } from './testing/fixture.ts';
import { successor } from './testing/successor.ts';

const open: ToyRun[] = [];
const start = async (setup: Partial<Setup> = {}) => {
  const run = await ToyRun.open({ methods, ...setup });
  open.push(run);
  return run;
};
afterEach(async () => {
  for (const run of open.splice(0)) await run.close();
});

const taught = { method: 'supervised', steps: 12, batchSize: 8, learningRate: 0.3 };
const grpo = { method: 'grpo', steps: 18, promptsPerStep: 6, groupSize: 6, learningRate: 0.1 };
const held = { ...grpo, kl: { coefficient: 0.05 } };
const running = { ...grpo, method: 'reinforce', baseline: 'running' };
const recipe = toyRecipe([taught, held, running], { evaluation: { tasks: 20, samples: 2, every: 7 } });

const types = (events: TrainEvent[]) => events.map((event) => event.type);
const snapshotsOf = (run: ToyRun) => readdirSync(join(run.folder, 'run', 'snapshots')).sort();

/** Stops the run at the given moment of its own progress. */
function stopAt(stops: (phase: string, step: number) => boolean): Partial<TrainOptions> {
  const controller = new AbortController();
  return {
    signal: controller.signal,
    onProgress: ({ phase, step }) => {
      if (stops(phase, step)) controller.abort(new Error('stopped by the test'));
    },
  };
}

/** The recipe run in one go: its record, weights, metrics and exported model. */
async function runThrough() {
  const run = await ToyRun.open({ methods });
  const result = await run.train(recipe);
  return { run, result, table: run.engine.table, metrics: await run.metrics(), model: await exported(run) };
}

const exported = (run: ToyRun) => readFile(join(run.folder, 'run', 'model', 'table.json'), 'utf8');

let whole: Awaited<ReturnType<typeof runThrough>>;
beforeAll(async () => {
  whole = await runThrough();
});
afterAll(() => whole.run.close());

describe('train', () => {
  it('learns: supervised, then reinforcement, on held-out tasks', async () => {
    const { result } = whole;
    if (result.status !== 'finished') throw new Error('the run did not finish');
    const { before, after, steps } = result.summary;
    expect(steps).toBe(48);
    expect(before.passAt1.estimate).toBeLessThan(0.2);
    expect(after.passAt1.estimate).toBeGreaterThan(0.8);
    expect(after.passAt1.low).toBeGreaterThan(before.passAt1.high);
  });

  it('tells its story in order, and the store has the same one', async () => {
    const { run, result } = whole;
    const told = types(run.events);
    expect(told.slice(0, 3)).toEqual(['run.started', 'evaluation.finished', 'snapshot.saved']);
    expect(told.at(-1)).toBe('run.finished');
    expect(told.filter((type) => type === 'step.finished')).toHaveLength(48);
    expect(told.filter((type) => type.startsWith('stage.'))).toEqual(
      Array(3).fill(['stage.started', 'stage.finished']).flat(),
    );
    const kept = await run.store.events('toy-run');
    expect(kept.map((event) => event.type)).toEqual(told);
    const record = await run.store.run('toy-run');
    expect(record).toMatchObject({ status: 'finished', method: 'supervised+grpo+reinforce', seed: 5 });
    expect(record?.summary).toEqual(result.status === 'finished' ? result.summary : undefined);
  });

  it('records the metrics of every step, and the first attempts', async () => {
    const { run, metrics } = whole;
    const learning = Array.from({ length: 36 }, (_, i) => i + 13);
    for (const name of [
      'reward.mean',
      'reward.std',
      'reward.passAt1',
      'groups.zeroVariance',
      'grades.failed',
      'entropy',
      'gradNorm',
      'logprobGap.mean',
      'logprobGap.max',
      'length.mean',
      'length.max',
      'length.cutShare',
    ])
      expect(
        metrics[name].steps.filter((step) => step > 12),
        name,
      ).toEqual(learning);
    expect(metrics.kl.steps).toEqual(learning.slice(0, 18));
    expect(metrics['eval.passAt1'].steps).toEqual([0, 7, 12, 14, 21, 28, 30, 35, 42, 48]);
    expect(Math.max(...metrics['logprobGap.max'].values)).toBeLessThan(1e-6);
    const times = (await run.store.metrics('toy-run')).map((series) => series.name);
    expect(times).toEqual(
      expect.arrayContaining(['time.sample', 'time.grade', 'time.train', 'time.tokensPerSecond']),
    );
    const kept = await run.store.trajectories('toy-run', { step: 13, split: 'train' });
    expect(kept).toHaveLength(8);
    expect(kept[0].prompt).toMatch(/^\d\d=$/);
  });

  it('gives the same bits for the same seed, and others for another', async () => {
    const second = await runThrough();
    open.push(second.run);
    expect(second.table).toEqual(whole.table);
    expect(second.metrics).toEqual(whole.metrics);
    const one = async (seed: number) => {
      const run = await start();
      await run.train(toyRecipe([{ ...taught, steps: 1 }], { seed }));
      return run.engine.table;
    };
    expect(await one(5)).toEqual(await one(5));
    expect(await one(5)).not.toEqual(await one(6));
  });
});

describe('interrupting and resuming', () => {
  it.each([
    ['while sampling', 'sample', 16],
    ['while learning', 'train', 20],
    ['in the evaluation within a stage', 'evaluate', 21],
    ['in the evaluation at the end of a stage', 'evaluate', 30],
    ['before anything', 'evaluate', 0],
    ['in the last stage', 'sample', 40],
    ['at the last step', 'train', 48],
    ['in the export', 'export', 48],
  ] as const)('%s: the run ends as if it had never stopped', async (_, phase, step) => {
    const run = await start();
    const stopped = await run.train(
      recipe,
      stopAt((p, s) => p === phase && s === step),
    );
    if (phase !== 'export') {
      expect(stopped.status).toBe('interrupted');
      expect(types(run.events).slice(-1)).toEqual(['run.interrupted']);
      expect((await run.store.run('toy-run'))?.status).toBe('interrupted');
    }
    const result = await run.train(recipe, { resume: true });
    expect(result.status).toBe('finished');
    expect(run.engine.table).toEqual(whole.table);
    expect(await run.metrics()).toEqual(whole.metrics);
    expect(await exported(run)).toBe(whole.model);
  });

  it('goes on from the snapshot before when the newest is broken, with a warning', async () => {
    const run = await start();
    await run.train(
      recipe,
      stopAt((phase, step) => phase === 'sample' && step === 24),
    );
    const newest = snapshotsOf(run).findLast((name) => name.startsWith('step-')) ?? '';
    expect(newest).toBe('step-000023');
    await truncate(join(run.folder, 'run', 'snapshots', newest, 'weights.safetensors'), 100);
    run.events.length = 0;
    await run.train(recipe, { resume: true });
    expect(types(run.events).slice(0, 2)).toEqual(['run.warning', 'run.resumed']);
    expect(run.events[1].data).toEqual({ from: 21 });
    expect(run.engine.table).toEqual(whole.table);
    expect(await run.metrics()).toEqual(whole.metrics);
  });

  it('begins anew when there is no snapshot at all', async () => {
    const run = await start();
    const result = await run.train(toyRecipe([taught]), { resume: true });
    expect(result.status).toBe('finished');
    expect(run.events[0]).toMatchObject({ type: 'run.resumed', data: { from: -1 } });
  });

  it('refuses another recipe, naming what differs, and a run that is there already', async () => {
    const run = await start();
    await run.train(toyRecipe([grpo]));
    await expect(
      run.train(toyRecipe([{ ...grpo, clipLow: 0.1 }], { seed: 6 }), { resume: true }),
    ).rejects.toThrow(/cannot resume.*seed, stages\.0\.clipLow/);
    await expect(run.train(toyRecipe([grpo]))).rejects.toThrow(/holds snapshots up to step 18.*resume it/);
  });

  it('extends a finished run to the same weights as a longer one', async () => {
    const longer = toyRecipe([{ ...grpo, steps: 25 }]);
    const straight = await start();
    await straight.train(longer);
    const run = await start();
    await run.train(toyRecipe([grpo]));
    const result = await run.train(longer, { resume: true });
    expect(result).toMatchObject({ status: 'finished', summary: { steps: 25 } });
    expect(run.engine.table).toEqual(straight.engine.table);
  });

  it('refuses to change the limit of a stage that is over', async () => {
    const run = await start();
    const two: RecipeInput['stages'] = [taught, grpo];
    await run.train(
      toyRecipe(two),
      stopAt((phase, step) => phase === 'sample' && step === 15),
    );
    await expect(run.train(toyRecipe([{ ...taught, steps: 20 }, grpo]), { resume: true })).rejects.toThrow(
      /stages\.0\.steps changed from 12 to 20, but that stage is over/,
    );
  });
});

describe('what is kept', () => {
  it('keeps the newest snapshots, the best one and the reference', async () => {
    const run = await start();
    await run.train(recipe);
    const best = run.events.findLast((event) => event.type === 'evaluation.finished' && event.data.best);
    const names = snapshotsOf(run);
    expect(names).toContain(`step-${String(best?.step).padStart(6, '0')}`);
    expect(names).toContain('step-000048');
    expect(names.filter((name) => name.startsWith('step-')).length).toBeLessThanOrEqual(3);
    expect(names).toContain('reference-stage-1');
  });

  it('exports the best weights, measured before they were spoilt, or the last ones', async () => {
    const spoil = { method: 'supervised', steps: 8, learningRate: 3, batchSize: 8 };
    // Later lessons are wrong: every answer is 0.
    const environment = successor();
    const right = environment.task;
    let lessons = 0;
    environment.task = (split, index) => {
      const task = right(split, index);
      if (split === 'train' && ++lessons > 12 * 8) return { ...task, completion: '0' };
      return task;
    };
    const run = await start({ environment });
    const report = { split: 'test', tasks: 10 } as const;
    const result = await run.train(toyRecipe([taught, spoil], { report }));
    if (result.status !== 'finished') throw new Error('the run did not finish');
    expect(result.summary.exportedStep).toBe(12);
    expect(result.summary.after.split).toBe('test');
    expect(result.summary.after.passAt1.estimate).toBeGreaterThan(0.6);
    expect((await run.metrics())['report.passAt1'].steps).toEqual([0, 20]);

    lessons = 0;
    const last = await start({ environment });
    const spoilt = await last.train(toyRecipe([taught, spoil], { export: 'last' }));
    if (spoilt.status !== 'finished') throw new Error('the run did not finish');
    expect(spoilt.summary.exportedStep).toBe(20);
    expect(spoilt.summary.after.passAt1.estimate).toBeLessThan(0.5);
    expect(existsSync(join(last.folder, 'run', 'model', 'table.json'))).toBe(true);
  });
});

describe('stages', () => {
  it('may end by epochs, and by wall time', async () => {
    const run = await start();
    await run.train(
      toyRecipe([
        { ...taught, steps: undefined, epochs: 2 },
        { ...taught, steps: undefined, seconds: 0.05 },
      ]),
    );
    const finished = run.events.filter((event) => event.type === 'stage.finished');
    // 70 tasks, twice, by 8.
    expect(finished[0].data).toMatchObject({ steps: 18 });
    expect(finished[1].data.seconds).toBeGreaterThanOrEqual(0.05);
    expect(finished[1].data.steps).toBeGreaterThan(1);
  });

  it('refuse epochs where the method has none', async () => {
    const run = await start();
    await expect(run.train(toyRecipe([{ ...grpo, steps: undefined, epochs: 1 }]))).rejects.toThrow(
      /grpo has no epochs/,
    );
    expect((await run.store.run('toy-run'))?.status).toBe('failed');
  });

  it('follow their learning-rate schedule', async () => {
    const run = await start();
    await run.train(
      toyRecipe([{ ...taught, steps: 4, learningRate: 0.1, schedule: 'linear', warmupSteps: 2 }]),
    );
    expect((await run.metrics()).learningRate.values).toEqual([0, 0.05, 0.1, 0.05]);
  });
});

describe('when things go wrong', () => {
  it('reports a sampler that disagrees with the trainer', async () => {
    const run = await start({ engine: { samplerError: -0.01 } });
    await run.train(toyRecipe([{ ...grpo, steps: 3 }]));
    const { metrics } = { metrics: await run.metrics() };
    for (const gap of metrics['logprobGap.max'].values) expect(gap).toBeCloseTo(0.01, 4);
    const findings = run.events.flatMap((event) =>
      event.type === 'health.finding' ? [event.data.rule] : [],
    );
    expect(findings.filter((rule) => rule === 'logprob-gap')).toHaveLength(1);
  });

  it('records a failure of the method with its message, and throws it', async () => {
    const run = await start();
    const environment = successor();
    environment.task = (split, index) => {
      if (split === 'train') throw new Error('the task generator broke');
      return successor().task(split, index);
    };
    const failing = await start({ environment });
    await expect(failing.train(toyRecipe([grpo]))).rejects.toThrow('the task generator broke');
    expect(await failing.store.run('toy-run')).toMatchObject({
      status: 'failed',
      error: 'the task generator broke',
    });
    expect(types(failing.events).at(-1)).toBe('run.failed');
    await run.train(toyRecipe([taught]));
  });

  it('refuses attempts of older weights than the method allows', async () => {
    const run = await start();
    const stale = {
      ...methods,
      grpo: {
        ...methods.grpo,
        create: (config: unknown, context: Parameters<typeof methods.grpo.create>[1]) => {
          const { engine } = context;
          const sample: typeof engine.sample = async (...args) => {
            const samples = await engine.sample(...args);
            for (const one of samples.flat()) one.weightsVersion -= 2;
            return samples;
          };
          const lagging = new Proxy(engine, {
            get: (target, key) => (key === 'sample' ? sample : Reflect.get(target, key, target)),
          });
          return methods.grpo.create(config, { ...context, engine: lagging });
        },
      },
    };
    await expect(run.train(toyRecipe([grpo]), { methods: stale })).rejects.toThrow(
      /made by weights version -2, the engine is at 0; the method allows a lag of 0/,
    );
  });
});
