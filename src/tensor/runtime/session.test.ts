import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { encodeModel, NativeTensor, type OnnxNode, type OnnxValueInfo, Session } from './index.ts';

const value = (name: string, ...shape: number[]): OnnxValueInfo => ({ name, dtype: 'f32', shape });

function tensor(...values: number[]): NativeTensor {
  return NativeTensor.wrap(Float32Array.from(values), 'f32', [values.length]);
}

function binary(opType: string, size: number): Session {
  return Session.create(
    encodeModel({
      nodes: [{ opType, inputs: ['a', 'b'], outputs: ['c'] }],
      inputs: [value('a', size), value('b', size)],
      outputs: [value('c', size)],
      initializers: {},
    }),
  );
}

/** A chain of `depth` products of n × n matrices: long enough to see what happens during a run. */
function slowSession(n: number, depth: number): Session {
  const nodes: OnnxNode[] = Array.from({ length: depth }, (_, i) => ({
    opType: 'MatMul',
    inputs: [i === 0 ? 'x' : `y${i}`, 'x'],
    outputs: [i === depth - 1 ? 'out' : `y${i + 1}`],
  }));
  const inputs = [value('x', n, n)];
  return Session.create(encodeModel({ nodes, inputs, outputs: [value('out', n, n)], initializers: {} }));
}

describe('Session', () => {
  it('names inputs and outputs in the order of the model', () => {
    const session = binary('Add', 4);
    expect(session.inputNames).toEqual(['a', 'b']);
    expect(session.outputNames).toEqual(['c']);
  });

  it('reads and writes the memory of its tensors in place, again and again', async () => {
    const [a, b, c] = [tensor(1, 2, 3, 4), tensor(10, 20, 30, 40), tensor(0, 0, 0, 0)];
    const run = binary('Add', 4).bind([a, b], [c]);
    run.runSync();
    expect([...c.data]).toEqual([11, 22, 33, 44]);
    a.data[0] = 100;
    await run.run();
    expect([...c.data]).toEqual([110, 22, 33, 44]);
  });

  it('lets an output be the input it came from', () => {
    const a = tensor(1, 2, 3);
    const run = binary('Add', 3).bind([a, tensor(1, 1, 1)], [a]);
    run.runSync();
    run.runSync();
    expect([...a.data]).toEqual([3, 4, 5]);
  });

  it.each(['none', 'basic', 'extended', 'all'] as const)(
    'fills outputs that only pass values on (%s)',
    (optimization) => {
      const session = Session.create(
        encodeModel({
          nodes: [
            { opType: 'Identity', inputs: ['a'], outputs: ['same'] },
            { opType: 'Identity', inputs: ['w'], outputs: ['constant'] },
            { opType: 'Neg', inputs: ['a'], outputs: ['negative'] },
            { opType: 'Reshape', inputs: ['negative', 'shape'], outputs: ['square'] },
          ],
          inputs: [value('a', 4)],
          outputs: [value('same', 4), value('constant', 4), value('negative', 4), value('square', 2, 2)],
          initializers: {
            w: { dtype: 'f32', shape: [4], data: Float32Array.of(5, 6, 7, 8) },
            shape: { dtype: 'i64', shape: [2], data: BigInt64Array.of(2n, 2n) },
          },
        }),
        { optimization },
      );
      const outputs = [[4], [4], [4], [2, 2]].map((shape) => NativeTensor.zeros('f32', shape));
      session.bind([tensor(1, 2, 3, 4)], outputs).runSync();
      expect(outputs.map((output) => [...output.data])).toEqual([
        [1, 2, 3, 4],
        [5, 6, 7, 8],
        [-1, -2, -3, -4],
        [-1, -2, -3, -4],
      ]);
    },
  );

  it('keeps denormal numbers on every thread', async () => {
    const size = 100_000;
    const filled = (x: number) => NativeTensor.wrap(new Float32Array(size).fill(x), 'f32', [size]);
    const output = NativeTensor.zeros('f32', [size]);
    const run = binary('Mul', size).bind([filled(1e-30), filled(1e-10)], [output]);
    const denormal = Math.fround(Math.fround(1e-30) * Math.fround(1e-10));
    await run.run();
    expect(new Set(output.data as Float32Array)).toEqual(new Set([denormal]));
    run.runSync();
    expect(new Set(output.data as Float32Array)).toEqual(new Set([denormal]));
  });

  it('says why a model is refused', () => {
    expect(() => Session.create(Uint8Array.of(1, 2, 3))).toThrow(/load the model: .*protobuf parsing failed/);
    const inputs = [value('a', 1)];
    const nodes = [{ opType: 'Nope', inputs: ['a'], outputs: ['b'] }];
    const model = encodeModel({ nodes, inputs, outputs: [value('b', 1)], initializers: {} });
    expect(() => Session.create(model)).toThrow(/No Op registered for Nope/);
  });

  it('refuses a configuration entry that ONNX Runtime refuses', () => {
    const config = { '': 'x' };
    const nodes = [{ opType: 'Neg', inputs: ['a'], outputs: ['b'] }];
    const model = encodeModel({ nodes, inputs: [value('a', 1)], outputs: [value('b', 1)], initializers: {} });
    expect(() => Session.create(model, { config })).toThrow(/Config key is empty/);
  });

  it('writes a profile when asked to', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'burnish-profile-'));
    try {
      const nodes = [{ opType: 'Neg', inputs: ['a'], outputs: ['b'], name: 'the-node' }];
      const model = encodeModel({
        nodes,
        inputs: [value('a', 1)],
        outputs: [value('b', 1)],
        initializers: {},
      });
      const session = Session.create(model, { profilePath: join(folder, 'profile') });
      const run = session.bind([tensor(1)], [tensor(0)]);
      run.runSync();
      run.dispose();
      session.dispose();
      const [file] = readdirSync(folder);
      expect(readFileSync(join(folder, file), 'utf8')).toContain('the-node');
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe('BoundRun', () => {
  it('does not block the event loop', async () => {
    const x = NativeTensor.zeros('f32', [512, 512]);
    const run = slowSession(512, 40).bind([x], [NativeTensor.zeros('f32', [512, 512])]);
    let ticks = 0;
    let settled = false;
    const done = run.run().then(() => {
      settled = true;
    });
    while (!settled && ticks < 5) {
      await new Promise((resolve) => setImmediate(resolve));
      if (!settled) ticks++;
    }
    expect(ticks).toBe(5);
    await done;
  });

  it('runs bindings of one session at the same time', async () => {
    const session = binary('Add', 50_000);
    const jobs = Array.from({ length: 8 }, (_, i) => {
      const input = NativeTensor.wrap(new Float32Array(50_000).fill(i), 'f32', [50_000]);
      const output = NativeTensor.zeros('f32', [50_000]);
      return { i, output, run: session.bind([input, input], [output]) };
    });
    for (let round = 0; round < 5; round++) {
      for (const { output } of jobs) (output.data as Float32Array).fill(-1);
      await Promise.all(jobs.map(({ run }) => run.run()));
      for (const { i, output } of jobs)
        expect(new Set(output.data as Float32Array)).toEqual(new Set([2 * i]));
    }
  });

  it('refuses to run twice at the same time, and runs again afterwards', async () => {
    const run = binary('Add', 1).bind([tensor(1), tensor(2)], [tensor(0)]);
    const first = run.run();
    await expect(run.run()).rejects.toThrow(/running already/);
    expect(() => run.runSync()).toThrow(/running already/);
    await first;
    await run.run();
  });

  it('reports what does not fit with the message of ONNX Runtime', async () => {
    const session = binary('Add', 4);
    const [four, two] = [tensor(1, 2, 3, 4), tensor(1, 2)];
    await expect(session.bind([two, four], [four]).run()).rejects.toThrow(/invalid dimensions for input: a/);
    expect(() => session.bind([four, four], [two]).runSync()).toThrow(/invalid dimensions for output: c/);
    const integers = NativeTensor.zeros('i32', [4]);
    expect(() => session.bind([four, integers], [four]).runSync()).toThrow(/Unexpected input data type/);
    expect(() => session.bind([four, four], [integers]).runSync()).toThrow(/Unexpected output data type/);
    expect(() => session.bind([four], [four])).toThrow(/2 inputs \(a, b\), got 1/);
    expect(() => session.bind([four, four], [])).toThrow(/1 outputs \(c\), got 0/);
  });

  it('outlives the dispose of its session and tensors, and is disposed once a run under way has ended', async () => {
    const x = NativeTensor.wrap(new Float32Array(256 * 256).fill(1 / 256), 'f32', [256, 256]);
    const output = NativeTensor.zeros('f32', [256, 256]);
    const session = slowSession(256, 20);
    const run = session.bind([x], [output]);
    session.dispose();
    x.dispose();
    output.dispose();
    run.runSync();
    const done = run.run();
    run.dispose();
    await done;
    expect(output.data[0]).toBeCloseTo(1 / 256, 6);
    expect(() => run.runSync()).toThrow(/disposed/);
    await expect(run.run()).rejects.toThrow(/disposed/);
    expect(() => session.bind([x], [output])).toThrow(/session was disposed/);
  });

  it('refuses a disposed tensor', () => {
    const gone = tensor(1);
    gone.dispose();
    expect(() => binary('Add', 1).bind([gone, tensor(1)], [tensor(0)])).toThrow(
      /tensor of shape \[1\] was disposed/,
    );
  });
});
