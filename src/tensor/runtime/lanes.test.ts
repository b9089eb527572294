import { beforeAll, describe, expect, it } from 'vitest';
import { configureRuntime } from './environment.ts';
import { laneCount, runTogether } from './lanes.ts';
import { NativeTensor } from './native-tensor.ts';
import { encodeModel } from './onnx-proto.ts';
import { Session } from './session.ts';

const SIZE = 256;

/** x · x, and again, `times` times over, on one thread. */
function products(times: number): Session {
  const names = Array.from({ length: times + 1 }, (_, i) => (i === 0 ? 'x' : i === times ? 'y' : `t${i}`));
  return Session.create(
    encodeModel({
      nodes: Array.from({ length: times }, (_, i) => ({
        opType: 'MatMul',
        inputs: [names[i], 'x'],
        outputs: [names[i + 1]],
      })),
      inputs: [{ name: 'x', dtype: 'f32', shape: [SIZE, SIZE] }],
      outputs: [{ name: 'y', dtype: 'f32', shape: [SIZE, SIZE] }],
      initializers: {},
    }),
    { singleThread: true },
  );
}

/** A matrix whose powers are its own scale times itself. */
function input(scale: number): NativeTensor {
  const x = NativeTensor.zeros('f32', [SIZE, SIZE]);
  (x.data as Float32Array).fill(scale / SIZE);
  return x;
}

function bound(session: Session, scale: number) {
  const out = NativeTensor.zeros('f32', [SIZE, SIZE]);
  return { run: session.bind([input(scale)], [out]), out };
}

/** A session whose run fails: an index outside an array of two. */
function failing() {
  const session = Session.create(
    encodeModel({
      nodes: [{ opType: 'Gather', inputs: ['x', 'at'], outputs: ['y'] }],
      inputs: [
        { name: 'x', dtype: 'f32', shape: [2] },
        { name: 'at', dtype: 'i64', shape: [1] },
      ],
      outputs: [{ name: 'y', dtype: 'f32', shape: [1] }],
      initializers: {},
    }),
    { singleThread: true },
  );
  const at = NativeTensor.zeros('i64', [1]);
  (at.data as BigInt64Array)[0] = 7n;
  return session.bind([NativeTensor.zeros('f32', [2]), at], [NativeTensor.zeros('f32', [1])]);
}

describe('runs at the same time', () => {
  beforeAll(async () => {
    configureRuntime({ threads: 3 });
    // The first runs start the threads, and are made by others meanwhile.
    const session = products(1);
    const first = [1, 2, 3].map((scale) => bound(session, scale));
    await runTogether(
      first.map(({ run }) => run),
      true,
    );
    expect(first.map(({ out }) => out.data[5])).toEqual([1, 4, 9].map((x) => Math.fround(x / SIZE)));
    await new Promise((resolve) => setTimeout(resolve, 1000));
  });

  it('has a power of two of lanes', () => {
    expect(laneCount()).toBe(2);
  });

  it.each([true, false])(
    'computes each as it would alone (blocking: %s), time after time',
    async (blocking) => {
      const session = products(4);
      for (let round = 1; round <= 20; round++) {
        const runs = [1, 0.5, 2].map((scale) => ({
          scale: scale + round / 64,
          ...bound(session, scale + round / 64),
        }));
        await runTogether(
          runs.map(({ run }) => run),
          blocking,
        );
        for (const { scale, out } of runs)
          expect(Number(out.data[SIZE + 1]) * SIZE).toBeCloseTo(scale ** 5, 3);
        for (const { run } of runs) run.dispose();
      }
    },
  );

  it('leaves the event loop alone unless it may block', async () => {
    const session = products(200);
    const runs = [1, 1].map((scale) => bound(session, scale).run);
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    await runTogether(runs, false);
    expect(turns).toBeGreaterThan(3);
    const before = turns;
    await runTogether(runs, true);
    clearInterval(timer);
    expect(turns).toBe(before);
  });

  it.each([true, false])(
    'rejects with the error of a run, after all have ended (blocking: %s)',
    async (blocking) => {
      const session = products(20);
      const good = bound(session, 1);
      for (const runs of [
        [good.run, failing()],
        [failing(), good.run],
      ]) {
        (good.out.data as Float32Array).fill(0);
        await expect(runTogether(runs, blocking)).rejects.toThrow(
          /run the model: .*indices element out of data bounds/,
        );
        expect(Number(good.out.data[0]) * SIZE).toBeCloseTo(1, 3);
      }
      // The lanes are free again.
      await runTogether([bound(session, 1).run, good.run], blocking);
    },
  );

  it('waits for the runs after one that fails', async () => {
    const [own, last] = [bound(products(1), 1), bound(products(100), 1)];
    await expect(runTogether([own.run, failing(), last.run], true)).rejects.toThrow(/out of data bounds/);
    expect(Number(last.out.data[0]) * SIZE).toBeCloseTo(1, 3);
    await runTogether([own.run, bound(products(1), 1).run, last.run], true);
  });

  it('refuses a run that is under way', async () => {
    const { run } = bound(products(1), 1);
    await expect(runTogether([run, run], false)).rejects.toThrow('running already');
  });
});
