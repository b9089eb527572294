/** A disk that fills up during a run: one clear error, earlier snapshots whole, and the run can be resumed. */
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { methods } from '../methods/index.ts';
import { SnapshotError, SnapshotFolder } from './index.ts';
import { ToyRun, toyRecipe } from './testing/fixture.ts';

const disk = vi.hoisted(() => ({ writesLeft: Infinity }));

vi.mock('../nn/index.ts', async (original) => {
  const nn = await original<typeof import('../nn/index.ts')>();
  return {
    ...nn,
    writeSafetensors: async (...args: Parameters<typeof nn.writeSafetensors>) => {
      if (disk.writesLeft-- > 0) return await nn.writeSafetensors(...args);
      throw new Error('could not write', {
        cause: Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' }),
      });
    },
  };
});

let run: ToyRun;
afterEach(() => run.close());

describe('a full disk', () => {
  it('ends the run with one clear message and leaves what was saved', async () => {
    const recipe = toyRecipe([{ method: 'supervised', steps: 20, batchSize: 4, learningRate: 0.05 }]);
    run = await ToyRun.open({ methods });
    disk.writesLeft = 2;
    const error = await run.train(recipe).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(SnapshotError);
    expect((error as Error).message).toMatch(
      /^cannot write the snapshot .*step-000010: the disk is full \(ENOSPC\); earlier snapshots are intact$/,
    );
    expect(await run.store.run('toy-run')).toMatchObject({
      status: 'failed',
      error: (error as Error).message,
    });
    const folder = new SnapshotFolder(join(run.folder, 'run', 'snapshots'));
    expect(await folder.steps()).toEqual([5, 0]);
    expect((await folder.last()).warnings).toEqual([]);

    disk.writesLeft = Infinity;
    expect(await run.train(recipe, { resume: true })).toMatchObject({
      status: 'finished',
      summary: { steps: 20 },
    });
    const table = run.engine.table.slice();
    await run.close();
    run = await ToyRun.open({ methods });
    await run.train(recipe);
    expect(run.engine.table).toEqual(table);
  });
});
