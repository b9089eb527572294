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

  it('writes rows of a cache in place, touches no other, and reads what it wrote', () => {
    const [lists, heads, n, width] = [3, 2, 5_000, 8];
    const program = t.compile<Record<string, t.Tensor>, Record<string, t.Tensor>>(
      ({ cache, at, rows }) => {
        const written = t.writeRows(cache, at, rows);
        return { written, total: t.sum(written) };
      },
      {
        cache: t.spec('f32', [lists, heads, n, width]),
        at: t.spec('i64', [lists]),
        rows: t.spec('f32', [lists, heads, 1, width]),
      },
    );
    const cache = t.NativeTensor.zeros('f32', [lists, heads, n, width]);
    const at = t.NativeTensor.zeros('i64', [lists]);
    const rows = t.NativeTensor.zeros('f32', [lists, heads, 1, width]);
    const total = t.NativeTensor.zeros('f32', []);
    const run = program.bind({ cache, at, rows }, { written: cache, total });
    /** What a row of the flat cache holds. */
    const written = new Map<number, number>();
    const last = lists * heads * n - 1;
    for (let step = 0; step < 4; step++) {
      for (let i = 0; i < lists; i++) {
        const row = 17 + step * 1_001 + i * 13;
        (at.data as BigInt64Array)[i] = BigInt(row);
        for (let h = 0; h < heads; h++) {
          const value = 100 * h + 10 * step + i + 1;
          const part = i * heads + h;
          (rows.data as Float32Array).fill(value, part * width, (part + 1) * width);
          written.set(part * n + row, value);
        }
      }
      (cache.data as Float32Array)[last * width] = step;
      run.runSync();
      const expected = [...written.values()].reduce((a, b) => a + b * width, 0) + step;
      expect(total.data[0]).toBeCloseTo(expected, 2);
    }
    for (let row = 0; row < last; row++) {
      const value = written.get(row) ?? 0;
      if (cache.data[row * width] !== value || cache.data[row * width + width - 1] !== value)
        throw new Error(`row ${row} holds ${cache.data[row * width]}, expected ${value}`);
    }
  });
});
