import { describe, expect, it } from 'vitest';
import { rng } from '../random/index.ts';
import { AdamW, type AdamWSettings, type AdamWStep } from './adamw.ts';
import { createArena, type ParameterArena } from './arena.ts';
import fixture from './fixtures/adamw.json' with { type: 'json' };

describe('against torch.optim.AdamW', () => {
  it.each(fixture.cases)(
    'agrees for 100 steps: $name',
    ({ settings, decayed, rates, gradNorms, parameters }) => {
      type Name = keyof typeof fixture.shapes;
      const names = Object.keys(fixture.shapes) as Name[];
      const arena = createArena(
        names.map((name) => ({ name, shape: fixture.shapes[name], decay: decayed.some((d) => d === name) })),
      );
      arena.copyFrom(new Map(names.map((name) => [name, Float32Array.from(fixture.start[name])])));
      const optimizer = new AdamW(arena, settings);
      let compared = 0;
      for (const [index, learningRate] of rates.entries()) {
        for (const name of names) {
          const p = arena.parameter(name);
          arena.gradient(name).forEach((_, i, gradient) => {
            gradient[i] = Math.fround(p[i] - fixture.target[name][i]) * fixture.curvature[name][i];
          });
        }
        const { gradNorm, skipped } = optimizer.step({ learningRate });
        expect(skipped).toBe(false);
        expect(Math.abs(gradNorm / gradNorms[index] - 1)).toBeLessThan(1e-6);
        const expected = parameters[String(index + 1) as keyof typeof parameters];
        if (expected === undefined) continue;
        for (const name of names) {
          const p = arena.parameter(name);
          const largest = Math.max(...expected[name].map(Math.abs));
          expected[name].forEach((value, i) => {
            expect(Math.abs(p[i] - value) / largest).toBeLessThan(1e-6);
            compared++;
          });
        }
      }
      expect(compared).toBe(5 * (35 + 33 + 12));
    },
  );
});

/** An arena with parameters and gradients drawn from the normal distribution. */
function drawn(seed = 1): ParameterArena {
  const arena = createArena([
    { name: 'w', shape: [6, 7] },
    { name: 'base', shape: [5, 5], trainable: false },
    { name: 'b', shape: [7] },
  ]);
  const random = rng(seed, 'arena');
  for (const { name, trainable } of arena.slots) {
    arena.parameter(name).forEach((_, i, view) => {
      view[i] = random.normal();
    });
    if (!trainable) continue;
    arena.gradient(name).forEach((_, i, view) => {
      view[i] = random.normal();
    });
  }
  return arena;
}

const copies = (arena: ParameterArena) => arena.slots.map(({ name }) => [...arena.parameter(name)]);

describe('step', () => {
  it('moves trainable tensors against the gradient by the learning rate at first, and no frozen one', () => {
    const arena = drawn();
    const [w, base, b] = copies(arena);
    new AdamW(arena).step({ learningRate: 0.01 });
    expect([...arena.parameter('base')]).toEqual(base);
    for (const [name, before] of [
      ['w', w],
      ['b', b],
    ] as const) {
      arena.parameter(name).forEach((after, i) => {
        expect(after).toBeCloseTo(before[i] - 0.01 * Math.sign(arena.gradient(name)[i]), 5);
      });
    }
  });

  it('decays only the entries that decay', () => {
    const arena = drawn();
    const [w, , b] = copies(arena);
    arena.zeroGradients();
    new AdamW(arena, { weightDecay: 0.5 }).step({ learningRate: 0.1 });
    arena.parameter('w').forEach((after, i) => {
      expect(after).toBeCloseTo(0.95 * w[i], 6);
    });
    expect([...arena.parameter('b')]).toEqual(b);
  });

  it('scales, then clips to the norm, and reports the norm before clipping', () => {
    const arena = drawn();
    const norm = Math.hypot(...arena.gradient('w'), ...arena.gradient('b'));
    const optimizer = new AdamW(arena, { beta1: 0, maxGradNorm: 0.5 });
    const result = optimizer.step({ learningRate: 0, gradScale: 0.25 });
    expect(result.gradNorm).toBeCloseTo(norm / 4, 6);
    expect(result.clipScale).toBeCloseTo(0.5 / (norm / 4), 5);
    // With beta1 = 0 the first moment is the gradient as used.
    expect(Math.hypot(...arena.moments.m)).toBeCloseTo(0.5, 5);
    const loose = optimizer.step({ learningRate: 0, maxGradNorm: 1000 });
    expect(loose.clipScale).toBe(1);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY])('skips a step with a gradient of %s', (bad) => {
    const arena = drawn();
    const optimizer = new AdamW(arena);
    optimizer.step({ learningRate: 0.1 });
    const before = { parameters: copies(arena), state: optimizer.state() };
    arena.gradient('b')[3] = bad;
    expect(optimizer.step({ learningRate: 0.1 })).toEqual({
      gradNorm: bad,
      clipScale: 0,
      skipped: true,
    });
    expect({ parameters: copies(arena), state: optimizer.state() }).toEqual(before);
    expect(optimizer.stepCount).toBe(1);
  });

  it('leaves padding at 0 and the gradients as they were', () => {
    const arena = drawn();
    const gradients = arena.gradients.slice();
    new AdamW(arena, { weightDecay: 0.1 }).step({ learningRate: 0.1 });
    expect(arena.gradients).toEqual(gradients);
    for (const view of [arena.trainableParameters, arena.moments.m, arena.moments.v]) {
      expect([...view.subarray(42, 48), ...view.subarray(55, 64)].every((x) => x === 0)).toBe(true);
    }
  });

  it('lets a step override the defaults, and undefined fall back to them', () => {
    const run = (defaults: AdamWSettings, step: AdamWStep) => {
      const arena = drawn();
      new AdamW(arena, defaults).step(step);
      return copies(arena);
    };
    const plain = run({ weightDecay: 0.3 }, { learningRate: 0.1 });
    expect(run({}, { learningRate: 0.1, weightDecay: 0.3 })).toEqual(plain);
    expect(run({ weightDecay: 0.3 }, { learningRate: 0.1, weightDecay: undefined })).toEqual(plain);
    expect(run({ weightDecay: 0.9 }, { learningRate: 0.1, weightDecay: 0.3 })).toEqual(plain);
    expect(run({}, { learningRate: 0.1 })).not.toEqual(plain);
  });

  it.each<[AdamWStep, string]>([
    [{ learningRate: -1 }, 'learningRate is -1'],
    [{ learningRate: Number.NaN }, 'learningRate is NaN'],
    [{ learningRate: 1, beta1: 1 }, 'beta1 is 1, expected a number in [0, 1)'],
    [{ learningRate: 1, beta2: -0.1 }, 'beta2 is -0.1'],
    [{ learningRate: 1, epsilon: 0 }, 'epsilon is 0'],
    [{ learningRate: 1, weightDecay: -1 }, 'weightDecay is -1'],
    [{ learningRate: 1, maxGradNorm: 0 }, 'maxGradNorm is 0'],
    [{ learningRate: 1, gradScale: Number.POSITIVE_INFINITY }, 'gradScale is Infinity'],
  ])('refuses %j and changes nothing', (settings, message) => {
    const arena = drawn();
    const before = copies(arena);
    const optimizer = new AdamW(arena);
    expect(() => optimizer.step(settings)).toThrow(message);
    expect(copies(arena)).toEqual(before);
    expect(optimizer.stepCount).toBe(0);
  });
});

describe('state', () => {
  it('continues bit for bit from a restored state', () => {
    const arena = drawn();
    const optimizer = new AdamW(arena, { weightDecay: 0.01 });
    for (let i = 0; i < 3; i++) optimizer.step({ learningRate: 0.1 });
    const state = optimizer.state();
    const other = drawn(2);
    other.copyFrom(arena);
    other.gradients.set(arena.gradients);
    const resumed = new AdamW(other, { weightDecay: 0.01 });
    for (let i = 0; i < 2; i++) optimizer.step({ learningRate: 0.1 });
    resumed.restore(state);
    for (let i = 0; i < 2; i++) resumed.step({ learningRate: 0.1 });
    expect(copies(other)).toEqual(copies(arena));
    expect(resumed.state()).toEqual(optimizer.state());
    expect(state.stepCount).toBe(3);
  });

  it('refuses a state of another layout', () => {
    const optimizer = new AdamW(drawn());
    const { m, v } = optimizer.state();
    expect(() => optimizer.restore({ stepCount: 1, m, v: v.subarray(1) })).toThrow(
      'v has 63 floats, expected 64',
    );
    expect(() => optimizer.restore({ stepCount: -1, m, v })).toThrow('stepCount is -1');
  });
});
