import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ArenaEntry, createArena } from './arena.ts';

const entries: ArenaEntry[] = [
  { name: 'embed', shape: [5, 3] },
  { name: 'base', shape: [4, 4], trainable: false },
  { name: 'norm', shape: [3] },
  { name: 'scale', shape: [], decay: true },
  { name: 'head', shape: [2, 9], decay: true },
];

describe('layout', () => {
  it('gives trainable tensors disjoint, aligned places in every region, and none to frozen ones', () => {
    const entry = fc.record({
      shape: fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 3 }),
      trainable: fc.boolean(),
      decay: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 12 }), (list) => {
        const arena = createArena(list.map((e, i) => ({ ...e, name: `t${i}` })));
        for (const slot of arena.slots) arena.parameter(slot.name).fill(1);
        for (const slot of arena.slots.filter((s) => s.trainable)) arena.gradient(slot.name).fill(2);
        const trainable = arena.slots.filter((slot) => slot.trainable);
        const sum = (view: Float32Array) => view.reduce((a, b) => a + b, 0);
        expect(sum(arena.trainableParameters)).toBe(arena.trainableCount);
        expect(sum(arena.gradients)).toBe(2 * arena.trainableCount);
        expect(sum(arena.moments.m) + sum(arena.moments.v)).toBe(0);
        expect(arena.parameterCount).toBe(arena.slots.reduce((total, slot) => total + slot.size, 0));
        for (const slot of trainable) {
          expect(arena.parameter(slot.name).byteOffset % 64).toBe(0);
          expect(arena.gradient(slot.name).byteOffset % 64).toBe(0);
          const span = arena.spans.find((s) => s.offset <= slot.offset && slot.offset < s.offset + s.length);
          expect(span?.decay).toBe(slot.decay);
        }
        const covered = arena.spans.reduce((end, span) => {
          expect(span.offset).toBe(end);
          expect(span.length % 16).toBe(0);
          return end + span.length;
        }, 0);
        expect(covered).toBe(arena.trainableParameters.length);
      }),
    );
  });

  it('decays tensors of two or more dimensions unless told otherwise, in merged spans', () => {
    const arena = createArena(entries);
    expect(arena.spans).toEqual([
      { offset: 0, length: 16, decay: true },
      { offset: 16, length: 16, decay: false },
      { offset: 32, length: 48, decay: true },
    ]);
    expect(arena.slot('base')).toEqual({
      name: 'base',
      shape: [4, 4],
      size: 16,
      trainable: false,
      decay: true,
      offset: -1,
    });
  });

  it('pays for gradients and moments of trainable tensors only', () => {
    const arena = createArena([
      { name: 'big', shape: [1000, 100], trainable: false },
      { name: 'lora', shape: [16] },
    ]);
    expect(arena.parameter('lora').buffer.byteLength).toBe(65_536);
    expect(arena.parameter('big').buffer.byteLength).toBe(400_000);
  });

  it('is empty for no entries', () => {
    const arena = createArena([]);
    expect([arena.parameterCount, arena.gradients.length, arena.spans.length]).toEqual([0, 0, 0]);
  });

  it.each([
    [
      [
        { name: 'a', shape: [2] },
        { name: 'a', shape: [3] },
      ],
      "parameter 'a' is given twice",
    ],
    [[{ name: 'a', shape: [2, 0] }], "shape of 'a' is [2,0], expected positive integers"],
    [[{ name: 'a', shape: [1.5] }], "shape of 'a' is [1.5]"],
    [[{ name: 'a', shape: [2 ** 14, 2 ** 14 + 1] }], 'expected at most 4294967296'],
  ])('refuses %j', (list, message) => {
    expect(() => createArena(list)).toThrow(message);
  });
});

describe('views', () => {
  it('are the same at every call and share the regions', () => {
    const arena = createArena(entries);
    expect(arena.parameter('norm')).toBe(arena.parameter('norm'));
    expect(arena.gradient('norm')).toBe(arena.gradient('norm'));
    arena.trainableParameters[16] = 7;
    arena.gradients[16] = 8;
    expect([arena.parameter('norm')[0], arena.gradient('norm')[0]]).toEqual([7, 8]);
  });

  it('name what is missing', () => {
    const arena = createArena(entries);
    expect([arena.has('norm'), arena.has('nrm')]).toEqual([true, false]);
    expect(() => arena.parameter('nrm')).toThrow("no parameter named 'nrm'");
    expect(() => arena.gradient('nrm')).toThrow("no parameter named 'nrm'");
    expect(() => arena.gradient('base')).toThrow("'base' is frozen");
  });

  it('zeroGradients clears gradients and nothing else', () => {
    const arena = createArena(entries);
    for (const view of [arena.trainableParameters, arena.gradients, arena.moments.m, arena.moments.v]) {
      view.fill(3);
    }
    arena.zeroGradients();
    expect(arena.gradients.every((x) => x === 0)).toBe(true);
    for (const view of [arena.trainableParameters, arena.moments.m, arena.moments.v]) {
      expect(view.every((x) => x === 3)).toBe(true);
    }
  });
});

describe('copyFrom', () => {
  it('copies from an arena of another layout, or the named tensors of a map', () => {
    const arena = createArena(entries);
    for (const [i, slot] of arena.slots.entries()) arena.parameter(slot.name).fill(i + 1);
    const frozen = createArena(entries.map((entry) => ({ ...entry, trainable: false })).reverse());
    frozen.copyFrom(arena);
    expect(arena.slots.map((slot) => frozen.parameter(slot.name)[0])).toEqual([1, 2, 3, 4, 5]);
    frozen.copyFrom(new Map([['norm', new Float32Array([7, 8, 9])]]), ['norm']);
    expect([...frozen.parameter('norm')]).toEqual([7, 8, 9]);
    expect([...arena.parameter('norm')]).toEqual([3, 3, 3]);
  });

  it('refuses what is missing or of another size', () => {
    const arena = createArena(entries);
    expect(() => arena.copyFrom(new Map())).toThrow("the source has no parameter 'embed'");
    const short = new Map([['norm', new Float32Array(2)]]);
    expect(() => arena.copyFrom(short, ['norm'])).toThrow("'norm' has 2 values, expected 3");
  });
});

describe('destination', () => {
  it('is the view of a known tensor of the right shape', () => {
    const arena = createArena(entries);
    expect(arena.destination('head', [2, 9])).toBe(arena.parameter('head'));
    expect(arena.destination('other', [2, 9])).toBeUndefined();
    expect(() => arena.destination('head', [9, 2])).toThrow("tensor 'head' has shape [9,2], expected [2,9]");
    expect(() => arena.destination('head', [2, 9, 1])).toThrow('expected [2,9]');
  });
});
