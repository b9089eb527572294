/** Trees of values: nested arrays and records, flattened in a fixed order (keys sorted). */

export type Tree<T> = T | readonly Tree<T>[] | { readonly [key: string]: Tree<T> };

function isBranch<T>(tree: Tree<T>): tree is readonly Tree<T>[] | { readonly [key: string]: Tree<T> } {
  if (Array.isArray(tree)) return true;
  return typeof tree === 'object' && tree !== null && Object.getPrototypeOf(tree) === Object.prototype;
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
  const out: { [key: string]: Tree<U> } = {};
  for (const key of Object.keys(record).sort()) out[key] = treeMap(record[key], fn, at(key));
  return out;
}

/** The tree again, with leaves taken in order from a list. */
export function treeUnflatten<T, U>(tree: Tree<T>, leaves: readonly U[]): Tree<U> {
  let next = 0;
  return treeMap(tree, () => leaves[next++]);
}
