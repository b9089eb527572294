import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rng } from '../../random/index.ts';
import { compileKernels, embedKernels } from './build.ts';
import { bindKernels } from './kernels.ts';
import { KERNELS_WASM } from './kernels-wasm.ts';
import { allocateMemory } from './wasm.ts';

const f = Math.fround;

/** Four regions of n floats, and the byte offset of each. */
function regions(n: number) {
  const memory = allocateMemory(4 * n * 4);
  const views = [0, 1, 2, 3].map((k) => new Float32Array(memory.buffer, 4 * k * n, n));
  return { kernels: bindKernels(memory), views, pointers: [0, 4 * n, 8 * n, 12 * n] };
}

describe('embedded module', () => {
  it('is what kernels.as compiles to', async () => {
    const wasm = await compileKernels();
    expect(Buffer.from(wasm).toString('base64')).toBe(KERNELS_WASM);
    expect(embedKernels(wasm)).toContain(KERNELS_WASM);
  });
});

describe('sumOfSquares', () => {
  it('is accurate where f32 sums are not', () => {
    const n = 1 << 17;
    const { kernels, views, pointers } = regions(n);
    const random = rng(1, 'sum');
    for (let i = 0; i < n; i++) views[1][i] = random.normal() * 10 ** random.int(6);
    const exact = views[1].reduce((sum, x) => sum + x * x, 0);
    const inFloats = views[1].reduce((sum, x) => f(sum + f(x * x)), 0);
    expect(Math.abs(inFloats / exact - 1)).toBeGreaterThan(1e-7);
    expect(Math.abs(kernels.sumOfSquares(pointers[1], n) / exact - 1)).toBeLessThan(1e-11);
  });

  it('counts each of the n floats once, and no more', () => {
    const { kernels, views, pointers } = regions(48);
    views[0].fill(100);
    views[2].fill(100);
    for (let i = 0; i < 48; i++) {
      views[1].fill(0);
      views[1][i] = 3;
      expect(kernels.sumOfSquares(pointers[1], 48)).toBe(9);
      expect(kernels.sumOfSquares(pointers[1], 32)).toBe(i < 32 ? 9 : 0);
    }
    expect(kernels.sumOfSquares(pointers[1], 0)).toBe(0);
  });

  it('shows NaN and infinities wherever they are', () => {
    const { kernels, views } = regions(32);
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      for (let i = 0; i < 32; i++) {
        views[0].fill(1);
        views[0][i] = bad;
        expect(Number.isFinite(kernels.sumOfSquares(0, 32))).toBe(false);
      }
    }
  });

  it('does not overflow on the largest floats', () => {
    const { kernels, views } = regions(16);
    views[0].fill(3e38);
    expect(kernels.sumOfSquares(0, 16)).toBeCloseTo(16 * f(3e38) ** 2, -70);
  });
});

describe('adamw', () => {
  it('equals the same operations on single f32 numbers, bit for bit', () => {
    const unit = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(fc.nat(1000), unit, unit, unit, unit, unit, (seed, scale, decay, lerp, beta2, rate) => {
        const n = 32;
        const { kernels, views, pointers } = regions(n);
        const random = rng(seed, 'adamw');
        for (let i = 0; i < n; i++) {
          views[0][i] = random.normal();
          views[1][i] = random.normal() * 10 ** -random.int(12);
          views[2][i] = random.normal();
          views[3][i] = random.normal() ** 2;
        }
        const [p, g, m, v] = views.map((view) => [...view]);
        const [c, epsilon] = [0.25, 1e-8];
        const [P, G, M, V] = pointers;
        kernels.adamw(P, G, M, V, n, scale, decay, lerp, beta2, 1 - beta2, rate, c, epsilon);
        const lambda = f(1 - beta2);
        for (let i = 0; i < n; i++) {
          const gradient = f(g[i] * f(scale));
          const first = f(m[i] + f(f(gradient - m[i]) * f(lerp)));
          const second = f(f(v[i] * f(beta2)) + f(f(lambda * gradient) * gradient));
          const root = f(f(f(Math.sqrt(second)) / f(c)) + f(epsilon));
          const parameter = f(f(p[i] * f(decay)) - f(f(f(rate) * first) / root));
          expect([views[1][i], views[2][i], views[3][i]]).toEqual([g[i], flush(first), flush(second)]);
          if (flush(first) === first && flush(second) === second) expect(views[0][i]).toBe(parameter);
        }
      }),
      { numRuns: 50 },
    );
  });

  it('stores moments below the smallest normal float as 0, and keeps NaN', () => {
    const n = 16;
    const { kernels, views, pointers } = regions(n);
    const [P, G, M, V] = pointers;
    views[2].set([1.2e-38, -1.2e-38, 1, Number.NaN]);
    views[3].set([1e-38, 1, 1.18e-38, 1]);
    kernels.adamw(P, G, M, V, n, 1, 1, 0.1, 0.999, 0.001, 0, 1, 1e-8);
    expect([...views[2].subarray(0, 4)]).toEqual([0, 0, f(1 + f(-1 * f(0.1))), Number.NaN]);
    expect([...views[3].subarray(0, 4)]).toEqual([0, f(0.999), f(f(1.18e-38) * f(0.999)), f(0.999)]);
  });
});

it('zero clears n floats and no more', () => {
  const { kernels, views, pointers } = regions(32);
  for (const view of views) view.fill(1);
  kernels.zero(pointers[1], 16);
  expect(views.map((view) => view.reduce((a, b) => a + b))).toEqual([32, 16, 32, 32]);
  expect(views[1][15]).toBe(0);
});

function flush(x: number): number {
  return Math.abs(x) < 2 ** -126 ? 0 : x;
}
