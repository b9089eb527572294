/** Shape arithmetic, by properties. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  broadcastShapes,
  elements,
  normalAxes,
  normalAxis,
  reducedShape,
  ShapeError,
  sameShape,
  show,
} from './shape.ts';

const dimension = fc.integer({ min: 0, max: 5 });
const shape = fc.array(dimension, { maxLength: 4 });
/** A shape that broadcasts to `to`: leading axes dropped, others shrunk to 1. */
const narrower = (to: number[]) =>
  fc
    .tuple(fc.integer({ min: 0, max: to.length }), fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }))
    .map(([drop, ones]) => to.slice(drop).map((d, i) => (ones[i] ? 1 : d)));
const fullAndNarrower = shape.chain((full) => fc.tuple(fc.constant(full), narrower(full)));
const withAxes = fc
  .array(dimension, { minLength: 1, maxLength: 4 })
  .chain((x) =>
    fc.tuple(fc.constant(x), fc.array(fc.integer({ min: -x.length, max: x.length - 1 }), { maxLength: 6 })),
  );

describe('broadcastShapes', () => {
  it('a shape broadcasts with its narrower ones to itself, in either order', () => {
    fc.assert(
      fc.property(fullAndNarrower, ([full, narrow]) => {
        expect(broadcastShapes('add', full, narrow)).toEqual(full);
        expect(broadcastShapes('add', narrow, full)).toEqual(full);
      }),
    );
  });

  it('follows the rule: axes from the right are equal or one of them is 1, else it throws', () => {
    fc.assert(
      fc.property(shape, shape, (a, b) => {
        const pairs = Array.from({ length: Math.max(a.length, b.length) }, (_, i) => [
          a.at(-1 - i) ?? 1,
          b.at(-1 - i) ?? 1,
        ]);
        if (pairs.every(([x, y]) => x === y || x === 1 || y === 1)) {
          const out = broadcastShapes('add', a, b);
          expect(out.reverse()).toEqual(pairs.map(([x, y]) => (x === 1 ? y : x)));
        } else {
          const message = `add: shapes ${show(a)} and ${show(b)} do not broadcast`;
          expect(() => broadcastShapes('add', a, b)).toThrow(new ShapeError(message));
        }
      }),
    );
  });

  it('is associative where it is defined', () => {
    const triple = shape.chain((full) => fc.tuple(narrower(full), narrower(full), narrower(full)));
    fc.assert(
      fc.property(triple, ([a, b, c]) => {
        const left = broadcastShapes('x', broadcastShapes('x', a, b), c);
        expect(left).toEqual(broadcastShapes('x', a, broadcastShapes('x', b, c)));
      }),
    );
  });
});

describe('axes', () => {
  it('a negative axis counts from the end', () => {
    fc.assert(
      fc.property(withAxes, ([x, axes]) => {
        for (const axis of axes) {
          const normal = normalAxis('sum', axis, x);
          expect(normal).toBe(axis < 0 ? axis + x.length : axis);
          expect(normalAxis('sum', normal, x)).toBe(normal);
        }
      }),
    );
  });

  it('one outside the shape, or not whole, throws with the operation and the shape', () => {
    fc.assert(
      fc.property(shape, fc.oneof(fc.integer({ min: 0, max: 9 }), fc.constant(0.5)), (x, over) => {
        const beyond = x.length + over;
        const message = (axis: number) => new ShapeError(`sum: axis ${axis} is outside shape ${show(x)}`);
        expect(() => normalAxis('sum', beyond, x)).toThrow(message(beyond));
        expect(() => normalAxis('sum', -beyond - 1, x)).toThrow(message(-beyond - 1));
      }),
    );
  });

  it('lists are sorted and distinct, and all axes by default', () => {
    fc.assert(
      fc.property(withAxes, ([x, axes]) => {
        const normal = normalAxes('sum', axes, x);
        expect(normal).toEqual([...new Set(normal)].sort((a, b) => a - b));
        expect(new Set(normal)).toEqual(new Set(axes.map((axis) => (axis + x.length) % x.length)));
        expect(normalAxes('sum', undefined, x)).toEqual([...x.keys()]);
        expect(normalAxes('sum', -1, x)).toEqual([x.length - 1]);
      }),
    );
  });
});

describe('reducedShape', () => {
  it('kept and dropped axes hold the same elements, and kept ones broadcast back', () => {
    fc.assert(
      fc.property(withAxes, ([x, list]) => {
        const axes = normalAxes('sum', list, x);
        const kept = reducedShape(x, axes, true);
        const dropped = reducedShape(x, axes, false);
        expect(kept).toHaveLength(x.length);
        expect(dropped).toHaveLength(x.length - axes.length);
        expect(elements(kept)).toBe(elements(dropped));
        expect(broadcastShapes('sum', kept, x)).toEqual(x);
      }),
    );
  });
});

describe('elements, sameShape and show', () => {
  it('elements multiplies, also over a concatenation', () => {
    expect(elements([])).toBe(1);
    fc.assert(
      fc.property(shape, shape, (a, b) => {
        expect(elements([...a, ...b])).toBe(elements(a) * elements(b));
      }),
    );
  });

  it('sameShape is equality of the lists', () => {
    fc.assert(
      fc.property(shape, shape, (a, b) => {
        expect(sameShape(a, [...a])).toBe(true);
        expect(sameShape(a, b)).toBe(show(a) === show(b));
        expect(sameShape(a, [...a, 1])).toBe(false);
      }),
    );
  });

  it('show writes a list without spaces', () => {
    expect([show([]), show([2]), show([2, 3])]).toEqual(['[]', '[2]', '[2,3]']);
  });
});
