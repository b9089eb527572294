import { afterEach, describe, expect, it, vi } from 'vitest';
import { configureRuntime, encodeModel, NativeTensor, runtimeInfo, Session } from './index.ts';
import { parseCpuList } from './threads.ts';

afterEach(() => vi.unstubAllEnvs());

describe('the environment', () => {
  it('takes the number of threads from BURNISH_THREADS, then from configureRuntime, until the first session', () => {
    vi.stubEnv('BURNISH_THREADS', '0');
    expect(() => runtimeInfo()).toThrow('BURNISH_THREADS must be a whole number from 1 up, got 0');
    vi.stubEnv('BURNISH_THREADS', '3');
    expect(runtimeInfo()).toEqual({ version: expect.stringMatching(/^\d+\.\d+\.\d+$/), threads: 3 });
    expect(() => configureRuntime({ threads: 1.5 })).toThrow(/threads must be a whole number/);
    configureRuntime({ threads: 2 });
    expect(runtimeInfo().threads).toBe(2);

    const info = (name: string) => ({ name, dtype: 'f32' as const, shape: [1] });
    const nodes = [{ opType: 'Neg', inputs: ['a'], outputs: ['b'] }];
    Session.create(encodeModel({ nodes, inputs: [info('a')], outputs: [info('b')], initializers: {} }));
    configureRuntime({ threads: 2 });
    expect(() => configureRuntime({ threads: 4 })).toThrow('threads cannot change from 2 to 4');
  });

  it('lets sessions share the memory of their activations', () => {
    const n = 3000; // the n × n products below take 36 MB
    const info = (name: string, ...shape: number[]) => ({ name, dtype: 'f32' as const, shape });
    const model = encodeModel({
      nodes: [
        { opType: 'Mul', inputs: ['row', 'column'], outputs: ['product'] },
        { opType: 'MatMul', inputs: ['product', 'column'], outputs: ['out'] },
      ],
      inputs: [info('row', 1, n), info('column', n, 1)],
      outputs: [info('out', n, 1)],
      initializers: {},
    });
    const [row, column, out] = [
      [1, n],
      [n, 1],
      [n, 1],
    ].map((shape) => NativeTensor.zeros('f32', shape));
    const runs = Array.from({ length: 6 }, () => Session.create(model).bind([row, column], [out]));
    runs[0].runSync();
    const before = process.memoryUsage().rss;
    for (const run of runs) run.runSync();
    expect(process.memoryUsage().rss - before).toBeLessThan(36e6);
  });

  it('reads lists of processors', () => {
    expect(parseCpuList('0-2,5,7-8')).toEqual([0, 1, 2, 5, 7, 8]);
  });
});
