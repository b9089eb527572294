/** Trees, by properties. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NativeTensor } from './runtime/index.ts';
import { type Tree, treeEntries, treeLeaves, treeMap, treeUnflatten } from './tree.ts';

/** Trees of numbers: records (with and without a prototype, `__proto__` as a key) and arrays, some empty. */
const tree = fc.letrec<{ tree: Tree<number> }>((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.integer(),
    fc.array(tie('tree'), { maxLength: 4 }),
    fc.dictionary(fc.string({ maxLength: 3 }), tie('tree'), { maxKeys: 4 }),
  ),
})).tree;

/** Follows a list of keys. */
function at(value: Tree<number>, keys: string[]): unknown {
  return keys.reduce<unknown>((branch, key) => (branch as Record<string, unknown>)[key], value);
}

describe('trees', () => {
  it('unflattening the leaves gives the tree back', () => {
    fc.assert(
      fc.property(tree, (x) => {
        expect(treeEntries(treeUnflatten(x, treeLeaves<number>(x)))).toEqual(treeEntries(x));
        expect(JSON.stringify(treeMap(treeUnflatten(x, treeLeaves<number>(x)), (leaf) => leaf))).toBe(
          JSON.stringify(treeMap(x, (leaf) => leaf)),
        );
      }),
    );
  });

  it('mapping keeps the paths and maps every leaf once, in order', () => {
    fc.assert(
      fc.property(tree, (x) => {
        const seen: [string, number][] = [];
        const mapped = treeMap(x, (leaf: number, path) => {
          seen.push([path, leaf]);
          return `${leaf}`;
        });
        expect(seen).toEqual(treeEntries(x));
        expect(treeEntries(mapped)).toEqual(seen.map(([path, leaf]) => [path, `${leaf}`]));
      }),
    );
  });

  it('a path leads to its leaf', () => {
    const dotless = fc.letrec<{ tree: Tree<number> }>((tie) => ({
      tree: fc.oneof(
        fc.integer(),
        fc.array(tie('tree'), { maxLength: 12 }),
        fc.dictionary(fc.stringMatching(/^[a-z_]{1,4}$/), tie('tree'), { maxKeys: 4 }),
      ),
    })).tree;
    fc.assert(
      fc.property(dotless, (x) => {
        for (const [path, leaf] of treeEntries<number>(x))
          expect(at(x, path === '' ? [] : path.split('.'))).toBe(leaf);
      }),
    );
  });

  it('the order in which keys were written does not matter', () => {
    const record = fc.dictionary(fc.string({ maxLength: 3 }), fc.integer());
    fc.assert(
      fc.property(record, (x) => {
        const turned = Object.fromEntries(Object.entries(x).reverse());
        expect(treeEntries(turned)).toEqual(treeEntries(x));
      }),
    );
  });

  it('arrays keep their order beyond nine', () => {
    const list = Array.from({ length: 12 }, (_, i) => i);
    expect(treeLeaves<number>({ list })).toEqual(list);
    expect(treeEntries<number>({ list })[11]).toEqual(['list.11', 11]);
  });

  it('a lone leaf is a tree, and class instances are leaves', () => {
    expect(treeEntries(7)).toEqual([['', 7]]);
    const tensor = NativeTensor.zeros('f32', [2]);
    const typed = Float32Array.of(1, 2);
    const when = new Date(0);
    expect(treeLeaves<unknown>({ tensor, typed, when, nothing: null })).toEqual([null, tensor, typed, when]);
  });

  it('a key named __proto__ is a key like any other', () => {
    const x = JSON.parse('{"__proto__": {"a": 1}, "b": 2}') as Tree<number>;
    const doubled = treeMap(x, (leaf) => 2 * leaf);
    expect(treeEntries(doubled)).toEqual([
      ['__proto__.a', 2],
      ['b', 4],
    ]);
  });

  it('unflattening takes exactly one leaf for each', () => {
    fc.assert(
      fc.property(tree, fc.integer({ min: -3, max: 3 }), (x, difference) => {
        const count = treeLeaves(x).length;
        const given = Math.max(0, count + difference);
        const unflatten = () => treeUnflatten(x, new Array<number>(given).fill(0));
        if (given === count) expect(treeLeaves(unflatten())).toHaveLength(count);
        else expect(unflatten).toThrow(new RangeError(`the tree has ${count} leaves, got ${given}`));
      }),
    );
  });
});
