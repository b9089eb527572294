/** Trees of values: nested arrays and records, flattened in a fixed order (keys sorted). */

export type Tree<T> = T | readonly Tree<T>[] | { readonly [key: string]: Tree<T> };

function isBranch<T>(tree: Tree<T>): tree is readonly Tree<T>[] | { readonly [key: string]: Tree<T> } {
  if (Array.isArray(tree)) return true;
  if (typeof tree !== 'object' || tree === null) return false;
  const prototype = Object.getPrototypeOf(tree);
  return prototype === Object.prototype || prototype === null;
}

/** Leaves in order, each with its dotted path. Leaves are everything but arrays and plain objects. */
export function treeEntries<T>(tree: Tree<T>, path = ''): [path: string, leaf: T][] {
  if (!isBranch(tree)) return [[path, tree]];
  const at = (key: string | number) => (path === '' ? `${key}` : `${path}.${key}`);
  if (Array.isArray(tree)) return tree.flatMap((child, i) => treeEntries<T>(child, at(i)));
  const record = tree as { readonly [key: string]: Tree<T> };
  return Object.keys(record)
    .sort()
    .flatMap((key) => treeEntries(record[key], at(key)));
}

/** Leaves in order. */
export function treeLeaves<T>(tree: Tree<T>): T[] {
  return treeEntries(tree).map(([, leaf]) => leaf);
}

/** A tree of the same shape with every leaf mapped. */
export function treeMap<T, U>(tree: Tree<T>, fn: (leaf: T, path: string) => U, path = ''): Tree<U> {
  if (!isBranch(tree)) return fn(tree, path);
  const at = (key: string | number) => (path === '' ? `${key}` : `${path}.${key}`);
  if (Array.isArray(tree)) return tree.map((child, i) => treeMap<T, U>(child, fn, at(i)));
  const record = tree as { readonly [key: string]: Tree<T> };
  const keys = Object.keys(record).sort();
  return Object.fromEntries(keys.map((key) => [key, treeMap(record[key], fn, at(key))]));
}

/** The tree again, with leaves taken in order from a list. Throws a RangeError unless there is one for each. */
export function treeUnflatten<T, U>(tree: Tree<T>, leaves: readonly U[]): Tree<U> {
  let next = 0;
  const out = treeMap(tree, () => leaves[next++]);
  if (next !== leaves.length) throw new RangeError(`the tree has ${next} leaves, got ${leaves.length}`);
  return out;
}
