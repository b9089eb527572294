/** Steps that begin from the stage's start: weights and optimiser are put back, versions go on, and resuming is exact. */
import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { crossEntropy } from '../objectives/index.ts';
import { defineMethod, methodTable, rowsToBatch } from './index.ts';
import { ToyRun, toyRecipe } from './testing/fixture.ts';
import { successorTokenizer } from './testing/successor.ts';
import { TabularEngine } from './testing/tabular-engine.ts';

const tokens = [1, 2, 10, 3];
const row = { tokens, mask: [0, 0, 0, 1], data: {} };
const batch = rowsToBatch([row], { aggregation: 'token-mean' });
if (batch === undefined) throw new Error('the row is active');
const update = { batch, objective: crossEntropy() };
const versions: number[] = [];

/** Learns the same row at every step; from the start where `rewind` says so. */
const repeating = (rewind: boolean, start: boolean) =>
  defineMethod({
    name: 'repeating',
    title: 'Learns one row',
    config: z.strictObject({}),
    needs: () => ({ start }),
    create: (_, { engine }) => ({
      async step() {
        versions.push(engine.weightsVersion);
        return { updates: [update, update], fromStart: rewind, metrics: {} };
      },
      state: () => null,
      restore: () => undefined,
    }),
  });

const stage = (steps: number) => toyRecipe([{ method: 'repeating', steps, learningRate: 0.1 }]);
const open: ToyRun[] = [];
async function runOf(rewind: boolean, start = rewind) {
  const run = await ToyRun.open({ methods: methodTable([repeating(rewind, start)]) });
  open.push(run);
  return run;
}
afterEach(async () => {
  versions.length = 0;
  for (const run of open.splice(0)) await run.close();
});

describe('fromStart', () => {
  it('learns each time from the weights and the optimiser of the start, as a new version', async () => {
    const run = await runOf(true);
    await run.train(stage(3));
    const once = new TabularEngine({ tokenizer: successorTokenizer() });
    for (let i = 0; i < 2; i++) {
      await once.forwardBackward(update.batch, update.objective);
      await once.optimStep({ learningRate: 0.1, maxGradNorm: 1 });
    }
    expect(run.engine.table).toEqual(once.table);
    expect(versions).toEqual([0, 3, 6]);
    const onward = await runOf(false);
    await onward.train(stage(3));
    expect(onward.engine.table).not.toEqual(once.table);
  });

  it('goes on where it was stopped, bit for bit', async () => {
    const whole = await runOf(true);
    await whole.train(stage(4));
    const broken = await runOf(true);
    const stop = new AbortController();
    const onEvent = ({ type, step }: { type: string; step: number }) => {
      if (type === 'step.finished' && step === 2) stop.abort();
    };
    expect((await broken.train(stage(4), { signal: stop.signal, onEvent })).status).toBe('interrupted');
    await broken.train(stage(4), { resume: true });
    expect(broken.engine.table).toEqual(whole.engine.table);
    expect(broken.engine.weightsVersion).toBe(whole.engine.weightsVersion);
  });

  it('is refused where the method asked for no start', async () => {
    const run = await runOf(true, false);
    await expect(run.train(stage(1))).rejects.toThrow(/repeating: a step begins from the start/);
  });
});
