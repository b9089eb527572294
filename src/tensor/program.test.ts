/** Compiled programs: trees in and out, memory bound, caching, asynchronous and repeatable runs. */
import { describe, expect, it } from 'vitest';
import { rng } from '../random/index.ts';
import * as t from './index.ts';
import { input } from './primitives/constant.ts';

t.configureRuntime({ threads: 2 });

const vector = (...values: number[]) => t.array(values, [values.length]);
const vectorSpec = (n: number) => t.spec('f32', [n]);
const random = (shape: number[], name: string) => {
  const draw = rng(5, name);
  const n = shape.reduce((a, b) => a * b, 1);
  return t.array(
    Float32Array.from({ length: n }, () => draw.normal()),
    shape,
  );
};

describe('trees', () => {
  type Parameters = { layers: Record<string, t.Tensor>[]; head: t.Tensor[] };
  const shapes = {
    layers: [{ weight: t.spec('f32', [2, 3]), bias: t.spec('f32', [2]) }, { weight: t.spec('f32', [1, 2]) }],
    head: [t.spec('f32', []), t.spec('f32', [1])],
  } as t.Tree<t.Spec>;
  const apply = ({ layers, head }: Parameters, x: t.Tensor) => {
    let y = x;
    for (const { weight, bias } of layers) y = t.linear(y, weight, bias);
    return t.add(t.mul(y, head[0]), head[1]);
  };
  const program = t.compile(
    ({ parameters, x }: { parameters: Parameters; x: t.Tensor }) => {
      const loss = t.sum(apply(parameters, x));
      const gradients = t.grad(loss, t.treeLeaves<t.Tensor>(parameters));
      return { gradients: t.treeUnflatten<t.Tensor, t.Tensor>(parameters, gradients), loss };
    },
    { parameters: shapes, x: t.spec('f32', [1, 3]) },
  );

  it('ports carry the dotted paths, keys sorted', () => {
    const paths = ['head.0', 'head.1', 'layers.0.bias', 'layers.0.weight', 'layers.1.weight'];
    expect(program.inputs.map(({ path }) => path)).toEqual([...paths.map((p) => `parameters.${p}`), 'x']);
    expect(program.outputs.map(({ path }) => path)).toEqual(
      ['loss', ...paths.map((p) => `gradients.${p}`)].sort(),
    );
  });

  it('outputs come back in the shape of the traced tree', () => {
    const outputs = program.allocateOutputs() as {
      gradients: { layers: Record<string, t.NativeTensor>[]; head: t.NativeTensor[] };
      loss: t.NativeTensor;
    };
    // The keys of the input may come in any order.
    const inputs = {
      x: t.array([1, 2, 3], [1, 3]),
      parameters: {
        head: [t.array([2], []), vector(5)],
        layers: [
          { bias: vector(1, -1), weight: t.array([1, 0, 0, 0, 1, 0], [2, 3]) },
          { weight: t.array([10, 1], [1, 2]) },
        ],
      },
    };
    program.bind(inputs as t.Tree<t.NativeTensor>, outputs).runSync();
    // Hidden [2, 1], last layer 21, then 2 · 21 + 5.
    expect([...outputs.loss.data]).toEqual([47]);
    expect([...outputs.gradients.head[0].data]).toEqual([21]);
    expect([...outputs.gradients.layers[0].weight.data]).toEqual([20, 40, 60, 2, 4, 6]);
    expect([...outputs.gradients.layers[0].bias.data]).toEqual([20, 2]);
    expect([...outputs.gradients.layers[1].weight.data]).toEqual([4, 2]);
    expect(outputs.gradients.layers[1].bias).toBeUndefined();
  });
});

describe('outputs', () => {
  const run = async (fn: (xs: t.Tensor[]) => t.Tensor[], ...inputs: t.NativeTensor[]) =>
    ((await t.jit(fn)(inputs)) as t.NativeTensor[]).map((x) => [...x.data]);

  it('the same array may be asked for twice', async () => {
    expect(
      await run(([x]) => {
        const y = t.exp(x);
        return [y, t.neg(y), y];
      }, vector(0)),
    ).toEqual([[1], [-1], [1]]);
  });

  it('an input may be an output, twice and beside a use', async () => {
    expect(await run(([x, y]) => [x, t.add(x, y), x, y], vector(1, 2), vector(3, 4))).toEqual([
      [1, 2],
      [4, 6],
      [1, 2],
      [3, 4],
    ]);
  });

  it('a constant, an unread input and every type may pass through', async () => {
    const flags = t.NativeTensor.wrap(Uint8Array.of(0, 1), 'bool', [2]);
    const big = t.NativeTensor.wrap(BigInt64Array.of(-(2n ** 62n), 3n), 'i64', [2]);
    const half = t.NativeTensor.wrap(Uint16Array.of(0x3c00, 0), 'f16', [2]);
    expect(
      await run(
        ([a, b, c, d]) => [
          t.constant(Int32Array.of(7, 8), [2]),
          a,
          b,
          c,
          t.cast(c, 'f32'),
          t.neg(t.cast(a, 'f32')),
          d,
        ],
        ...[flags, big, half, vector(9)],
      ),
    ).toEqual([[7, 8], [0, 1], [-(2n ** 62n), 3n], [0x3c00, 0], [1, 0], [-0, -1], [9]]);
  });

  it('negative zero stays apart from zero among shared constants', async () => {
    const reciprocals = () => [0, -0].map((x) => t.div(1, t.constant(Float32Array.of(x), [1])));
    expect(await run(reciprocals)).toEqual([[Infinity], [-Infinity]]);
  });

  it('an array from elsewhere is refused by name', () => {
    const foreign = input(vectorSpec(2), 'other.weight');
    expect(() => t.compile<t.Tensor, t.Tensor>((x) => t.add(x, foreign), vectorSpec(2))).toThrow(
      'the program reads an array that is not one of its inputs: other.weight',
    );
  });

  it('a leaf that is no array is refused by path', () => {
    const broken = (() => ({ a: [undefined] })) as unknown as (x: t.Tensor) => t.Tensor;
    expect(() => t.compile(broken, vectorSpec(2))).toThrow(
      new TypeError('output a.0: got undefined, expected a traced array'),
    );
    const literal = { x: { dtype: 'f32' as const, shape: [2] } };
    expect(() => t.compile(({ x }: { x: t.Tensor }) => x, literal)).toThrow(
      new TypeError('input x.dtype: got f32, expected spec(type, shape)'),
    );
  });
});

describe('bind', () => {
  const program = t.compile<{ a: t.Tensor; b: t.Tensor[] }, { sum: t.Tensor }>(
    ({ a, b }) => ({ sum: t.add(a, b[0]) }),
    { a: vectorSpec(2), b: [vectorSpec(2)] },
  );
  const good = () => ({ a: vector(1, 2), b: [vector(3, 4)] });
  const out = () => ({ sum: t.NativeTensor.zeros('f32', [2]) });

  it.each<[string, t.Tree<t.NativeTensor>, t.Tree<t.NativeTensor>, string]>([
    [
      'shape',
      { ...good(), b: [vector(1, 2, 3)] },
      out(),
      'input b.0: got f32[3], the program has b.0 as f32[2]',
    ],
    [
      'type',
      { ...good(), a: t.intArray([1, 2], [2]) },
      out(),
      'input a: got i32[2], the program has a as f32[2]',
    ],
    [
      'name',
      { c: vector(1, 2), b: [vector(3, 4)] },
      out(),
      'input b.0: got f32[2], the program has a as f32[2]',
    ],
    ['missing', { a: vector(1, 2) }, out(), 'input b.0: missing, the program has it as f32[2]'],
    ['unknown', { ...good(), z: vector(1) }, out(), 'input z: the program has no such array'],
    ['output shape', good(), { sum: vector(1) }, 'output sum: got f32[1], the program has sum as f32[2]'],
    ['output name', good(), vector(1, 2), 'output : got f32[2], the program has sum as f32[2]'],
  ])('says where the wrong %s is', (_what, inputs, outputs, message) => {
    expect(() => program.bind(inputs, outputs)).toThrow(t.ShapeError);
    expect(() => program.bind(inputs, outputs)).toThrow(message);
  });

  it('takes what fits', () => {
    const outputs = out();
    program.bind(good(), outputs).runSync();
    expect([...outputs.sum.data]).toEqual([4, 6]);
  });
});

describe('jit', () => {
  it('compiles once for each set of types', async () => {
    let traced = 0;
    const double = t.jit<t.Tensor, t.Tensor>((x) => {
      traced++;
      return t.add(x, x);
    });
    expect(double.compiled).toBe(0);
    for (const values of [[1], [2], [1, 2], [3], [4, 5]]) {
      const y = (await double(vector(...values))) as t.NativeTensor;
      expect([...y.data]).toEqual(values.map((x) => 2 * x));
    }
    expect([double.compiled, traced]).toEqual([2, 2]);
    await double(t.array([1, 2], [2, 1]));
    await double(t.intArray([1, 2], [2]));
    expect([double.compiled, traced]).toEqual([4, 4]);
  });

  it('answers calls made at the same time, each with memory of its own', async () => {
    const square = t.jit<t.Tensor, t.Tensor>((x) => t.square(x));
    const results = await Promise.all([1, 2, 3, 4].map((x) => square(vector(x))));
    expect(results.map((y) => (y as t.NativeTensor).data[0])).toEqual([1, 4, 9, 16]);
    expect(square.compiled).toBe(1);
  });

  it('leaves nothing cached of a trace that failed', async () => {
    const wrong = t.jit<t.Tensor, t.Tensor>((x) => t.add(x, t.constant(new Float32Array(3), [3])));
    await expect(wrong(vector(1, 2))).rejects.toThrow('add: shapes [2] and [3] do not broadcast');
    expect(wrong.compiled).toBe(0);
  });
});

describe('runs', () => {
  it('leave the event loop free', async () => {
    const shape = [512, 512];
    const program = t.compile<t.Tensor, t.Tensor>(
      (x) => {
        let y = x;
        for (let i = 0; i < 20; i++) y = t.tanh(t.matmul(y, x));
        return y;
      },
      t.spec('f32', shape),
    );
    const run = program.bind(random(shape, 'x'), t.NativeTensor.zeros('f32', shape));
    let turns = 0;
    let settled = false;
    const count = () => {
      turns++;
      if (!settled) setImmediate(count);
    };
    setImmediate(count);
    await run.run();
    settled = true;
    expect(turns).toBeGreaterThan(10);
  });

  it('a program of 2000 nodes compiles, runs and is differentiated', () => {
    const depth = 340;
    const program = t.compile<t.Tensor[], t.Tensor[]>(
      ([x, w]) => {
        let y = x;
        for (let i = 0; i < depth; i++) y = t.tanh(t.mul(y, w));
        return [y, ...t.grad(t.sum(y), [x])];
      },
      [vectorSpec(4), vectorSpec(4)],
    );
    expect(program.nodeCount).toBeGreaterThanOrEqual(2000);
    const outputs = program.allocateOutputs() as t.NativeTensor[];
    program.bind([vector(1, 1, 1, 1), vector(1, 1, 1, 1)], outputs).runSync();
    // Iterating tanh decays as √(3 / 2n).
    expect(outputs[0].data[0]).toBeCloseTo(Math.sqrt(3 / (2 * depth)), 2);
    expect(outputs[1].data[0]).toBeGreaterThan(0);
  });

  it('give the same bits every time, with many equal indices and two threads', async () => {
    const [rows, tokens, width] = [64, 4096, 256];
    const ids = rng(5, 'ids');
    const inputs = {
      table: random([rows, width], 'table'),
      ids: t.intArray(
        Array.from({ length: tokens }, () => ids.int(ids.int(2) ? rows : 3)),
        [tokens],
      ),
      cotangent: random([tokens, width], 'cotangent'),
    };
    const program = t.compile<Record<string, t.Tensor>, Record<string, t.Tensor>>(
      ({ table, ids, cotangent }) => {
        const y = t.softmax(t.matmul(t.gather(table, ids), table, { transposeB: true }));
        const [gradient] = t.grad(t.sum(t.mul(t.matmul(y, table), cotangent)), [table]);
        return { gradient, scattered: t.scatterAdd(cotangent, ids, rows), total: t.sum(cotangent) };
      },
      t.treeMap(inputs as t.Tree<t.NativeTensor>, (x) => t.spec(x.dtype, x.shape)),
    );
    const results = [1, 2, 3, 4, 5, 6].map(() => program.allocateOutputs() as Record<string, t.NativeTensor>);
    for (const outputs of results) await program.bind(inputs, outputs).run();
    const [first, ...others] = results;
    for (const other of others)
      for (const name of ['gradient', 'scattered', 'total'])
        expect(Buffer.compare(bytes(other[name]), bytes(first[name])), name).toBe(0);
    // And the sums are right: a column of the scatter against one added up here.
    const expected = new Float64Array(rows);
    for (let i = 0; i < tokens; i++)
      expected[Number(inputs.ids.data[i])] += Number(inputs.cotangent.data[i * width + 7]);
    for (let row = 0; row < rows; row++)
      expect(first.scattered.data[row * width + 7]).toBeCloseTo(expected[row], 3);
  });
});

describe('constants', () => {
  const specs = { x: t.spec('f32', [2, 3]), w: t.spec('f32', [4, 3]), b: t.spec('f32', [4]) };
  const linear = ({ x, w, b }: Record<string, t.Tensor>) => ({ y: t.linear(x, w, b) });
  const [x, w, b] = [random([2, 3], 'x'), random([4, 3], 'w'), random([4], 'b')];

  it('are no inputs, and keep the values that they had', () => {
    const plain = t.compile(linear, specs);
    const expected = plain.allocateOutputs() as Record<string, t.NativeTensor>;
    plain.bind({ x, w, b }, expected).runSync();
    const own = t.array(w.data as Float32Array, [4, 3]);
    const program = t.compile(linear, specs, { constants: { w: own } });
    expect(program.inputs.map(({ path }) => path)).toEqual(['b', 'x']);
    (own.data as Float32Array).fill(7);
    const outputs = program.allocateOutputs() as Record<string, t.NativeTensor>;
    program.bind({ x, b }, outputs).runSync();
    for (let i = 0; i < 8; i++) expect(outputs.y.data[i]).toBeCloseTo(Number(expected.y.data[i]), 5);
  });

  it('have the type of the input that they stand for', () => {
    expect(() => t.compile(linear, specs, { constants: { w: x } })).toThrow(
      'constant w: got f32[2,3], expected f32[4,3]',
    );
  });
});

function bytes({ data }: t.NativeTensor): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
