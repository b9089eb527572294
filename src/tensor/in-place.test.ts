/** Memory that is both an input and an output of a program: accumulators and key-value caches. */
import { describe, expect, it } from 'vitest';
import { rng } from '../random/index.ts';
import * as t from './index.ts';

const vectorSpec = (n: number) => t.spec('f32', [n]);
const random = (shape: number[], name: string) => {
  const draw = rng(5, name);
  const n = shape.reduce((a, b) => a * b, 1);
  return t.array(
    Float32Array.from({ length: n }, () => draw.normal()),
    shape,
  );
};

describe('memory shared by an input and an output', () => {
  it('accumulates g + x in place', () => {
    const n = 10_000;
    const program = t.compile<t.Tensor[], t.Tensor>(([g, x]) => t.add(g, x), [vectorSpec(n), vectorSpec(n)]);
    const g = t.NativeTensor.zeros('f32', [n]);
    const x = t.array(
      Float32Array.from({ length: n }, (_, i) => i),
      [n],
    );
    const run = program.bind([g, x], g);
    for (let k = 1; k <= 3; k++) {
      run.runSync();
      expect([g.data[1], g.data[n - 1]]).toEqual([k, k * (n - 1)]);
    }
  });

  it('accumulates weight gradients, a product added to the old value, in place', () => {
    // ONNX Runtime may fuse the product and the sum into one kernel that reads and writes g.
    const shapes = [t.spec('f32', [64, 48]), t.spec('f32', [32, 64]), t.spec('f32', [32, 48])];
    const program = t.compile<t.Tensor[], t.Tensor[]>(([g, dy, x]) => {
      const dw = t.matmul(dy, x, { transposeA: true });
      return [t.add(g, dw), dw];
    }, shapes);
    const plain = t.compile<t.Tensor[], t.Tensor>(
      ([g, a, x]) => t.add(g, t.matmul(a, x)),
      [t.spec('f32', [64, 48]), t.spec('f32', [64, 32]), t.spec('f32', [32, 48])],
    );
    const dy = random([32, 64], 'dy');
    const x = random([32, 48], 'x');
    const turned = t.NativeTensor.zeros('f32', [64, 32]);
    for (let i = 0; i < 64; i++) for (let j = 0; j < 32; j++) turned.data[i * 32 + j] = dy.data[j * 64 + i];
    const g = t.NativeTensor.zeros('f32', [64, 48]);
    const h = t.NativeTensor.zeros('f32', [64, 48]);
    const dw = t.NativeTensor.zeros('f32', [64, 48]);
    const run = program.bind([g, dy, x], [g, dw]);
    const plainRun = plain.bind([h, turned, x], h);
    for (let k = 1; k <= 3; k++) {
      run.runSync();
      plainRun.runSync();
      for (const i of [0, 100, 64 * 48 - 1]) {
        expect(g.data[i]).toBeCloseTo(k * Number(dw.data[i]), 4);
        expect(h.data[i]).toBeCloseTo(k * Number(dw.data[i]), 4);
      }
    }
  });

  it('keeps a key-value cache in place: decoding equals attention written out', () => {
    const [heads, size, capacity, steps] = [2, 8, 8, 5];
    const width = heads * size;
    const one = t.spec('f32', [1, 1, width]);
    const cache = t.spec('f32', [1, heads, capacity, size]);
    const program = t.compile<Record<string, t.Tensor>, Record<string, t.Tensor>>(
      ({ q, k, v, keys, values, last, total }) => {
        const inputs = {
          query: q,
          key: k,
          value: v,
          pastKey: keys,
          pastValue: values,
          lastIndex: last,
          total,
        };
        const { output, key, value } = t.cachedAttention(inputs, undefined, { heads, kvHeads: heads });
        return { output, key, value };
      },
      {
        q: one,
        k: one,
        v: one,
        keys: cache,
        values: cache,
        last: t.spec('i32', [1]),
        total: t.spec('i32', []),
      },
    );
    const [q, k, v] = ['q', 'k', 'v'].map((name) => random([steps, width], name).data as Float32Array);
    const zeros = (shape: readonly number[]) => t.NativeTensor.zeros('f32', shape);
    const [keys, values] = [zeros(cache.shape), zeros(cache.shape)];
    const now = { q: zeros(one.shape), k: zeros(one.shape), v: zeros(one.shape) };
    const [last, total] = [t.intArray([0], [1]), t.intArray([0], [])];
    const output = zeros(one.shape);
    const run = program.bind({ ...now, keys, values, last, total }, { output, key: keys, value: values });
    for (let step = 0; step < steps; step++) {
      const at = step * width;
      for (const [to, from] of [
        [now.q, q],
        [now.k, k],
        [now.v, v],
      ] as const)
        (to.data as Float32Array).set(from.subarray(at, at + width));
      last.data[0] = step;
      total.data[0] = step + 1;
      run.runSync();
      for (let d = 0; d < width; d++) {
        const head = d - (d % size);
        const weights = Array.from({ length: step + 1 }, (_, past) => {
          let score = 0;
          for (let j = 0; j < size; j++) score += q[at + head + j] * k[past * width + head + j];
          return Math.exp(score / Math.sqrt(size));
        });
        const sum = weights.reduce((a, b) => a + b, 0);
        const expected = weights.reduce((a, w, past) => a + (w / sum) * v[past * width + d], 0);
        expect(output.data[d]).toBeCloseTo(expected, 5);
      }
    }
  });
});
