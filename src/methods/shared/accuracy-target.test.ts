/** An accuracy target: where it ends a method, and that it is remembered over a pause. */
import { describe, expect, it } from 'vitest';
import { methodTable } from '../../training/index.ts';
import { ToyRun, toyRecipe } from '../../training/testing/fixture.ts';
import { supervised } from '../supervised/method.ts';
import { withAccuracyTarget } from './accuracy-target.ts';

const stage = { method: 'supervised', steps: 24, learningRate: 0.2, batchSize: 16 };
const looks = { every: 2, tasks: 20, samples: 4 };

async function run(target: number, stopAfter?: number) {
  const methods = methodTable([withAccuracyTarget(supervised, { target, ...looks })]);
  const setup = await ToyRun.open({ methods });
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
}

describe('withAccuracyTarget', () => {
  it('stops learning at the first look that reaches the target', async () => {
    const { metrics } = await run(0.5);
    const seen = metrics['target.accuracy'].values;
    const learned = metrics['target.steps'].values;
    expect(seen.slice(0, -1).every((accuracy) => accuracy < 0.5)).toBe(true);
    expect(seen[seen.length - 1]).toBeGreaterThanOrEqual(0.5);
    expect(metrics['target.accuracy'].steps).toEqual(seen.map((_, i) => 1 + 2 * i));
    expect(learned[learned.length - 1]).toBe(2 * (seen.length - 1));
    expect(learned[learned.length - 1]).toBeLessThan(24);
    expect(metrics.updates.values.reduce((a, b) => a + b, 0)).toBe(learned[learned.length - 1]);
  });

  it('goes on with what it had reached', async () => {
    expect(await run(0.5, 3)).toEqual(await run(0.5));
  });

  it('refuses a target that is none', () => {
    expect(() => withAccuracyTarget(supervised, { target: 0, ...looks })).toThrow(/target is 0/);
  });
});
