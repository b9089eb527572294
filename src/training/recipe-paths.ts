/** Reading, setting and comparing values of a recipe by dotted paths. */
import type { MethodTable } from './method.ts';
import { RecipeError, valueAt } from './recipe-errors.ts';

type Node = Record<string, unknown> | unknown[];

const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null;

/**
 * A copy of the recipe with the value at a dotted path replaced; missing objects on the way are made.
 * Throws a RecipeError when the path is empty, leads through a plain value, or an index is not one of the list's
 * (the first free one may be set).
 */
export function setByPath<T>(recipe: T, path: string, value: unknown): T {
  const keys = path.split('.');
  if (keys.some((key) => key === '' || key === '__proto__'))
    throw new RecipeError([
      `'${path}' is no path: expected keys joined by dots, as in stages.0.learningRate`,
    ]);
  const copy = structuredClone(recipe);
  let node: unknown = copy;
  keys.forEach((key, i) => {
    const here = keys.slice(0, i).join('.');
    if (!isNode(node))
      throw new RecipeError([`${path}: '${here}' is ${JSON.stringify(node)}, which has no keys`]);
    if (Array.isArray(node) && !(/^\d+$/.test(key) && Number(key) <= node.length))
      throw new RecipeError([`${path}: '${here}' is a list of ${node.length}, expected an index up to it`]);
    const record = node as Record<string, unknown>;
    if (i === keys.length - 1) record[key] = value;
    else {
      if (record[key] === undefined) record[key] = {};
      node = record[key];
    }
  });
  return copy;
}

/**
 * Models that a recipe as written names, by dotted path: its own `model`, and those under the `modelKeys` of its stages'
 * methods. Nothing needs to be right yet: where no text stands, no model is named.
 */
export function namedModels(recipe: unknown, methods: MethodTable): Map<string, string> {
  const stages = valueAt(recipe, ['stages']);
  const ofStages = (Array.isArray(stages) ? stages : []).flatMap((stage, i) => {
    const { modelKeys = [] } = methods[String(valueAt(stage, ['method']))] ?? {};
    return modelKeys.map((key) => `stages.${i}.${key}`);
  });
  const named = ['model', ...ofStages].map((path) => [path, valueAt(recipe, path.split('.'))] as const);
  return new Map(named.flatMap(([path, model]) => (typeof model === 'string' ? [[path, model]] : [])));
}

/** Splits `key=value` as given on a command line; the value is read as JSON where it is JSON, else as text. */
export function parseSetting(setting: string): { path: string; value: unknown } {
  const at = setting.indexOf('=');
  if (at < 1) throw new RecipeError([`'${setting}' given: expected key=value, as in seed=3`]);
  const text = setting.slice(at + 1);
  let value: unknown = text;
  try {
    value = JSON.parse(text);
  } catch {
    // Not JSON: the text itself is meant.
  }
  return { path: setting.slice(0, at), value };
}

/** Leaves of a tree by dotted path. */
function leaves(value: unknown, path = '', out = new Map<string, unknown>()): Map<string, unknown> {
  if (isNode(value) && Object.keys(value).length > 0)
    for (const [key, child] of Object.entries(value))
      leaves(child, path === '' ? key : `${path}.${key}`, out);
  else if (value !== undefined) out.set(path, value);
  return out;
}

/** Dotted paths at which two recipes differ, sorted. */
export function differingKeys(a: unknown, b: unknown): string[] {
  const left = leaves(a);
  const right = leaves(b);
  const paths = new Set([...left.keys(), ...right.keys()]);
  const same = (path: string) => JSON.stringify(left.get(path)) === JSON.stringify(right.get(path));
  return [...paths].filter((path) => !same(path)).sort();
}

/** What may change between a snapshot and its continuation: how long, how often measured, how much kept. */
const CHANGEABLE = [
  /^name$/,
  /^stages\.\d+\.(steps|epochs|seconds|name)$/,
  /^evaluation\.(every|examples)$/,
  /^snapshots\.(every|keep)$/,
  /^trajectories$/,
  /^export$/,
];

/** Paths at which a recipe differs from the one a run was begun with, although it must not. */
export function forbiddenChanges(begun: unknown, now: unknown): string[] {
  return differingKeys(begun, now).filter((path) => !CHANGEABLE.some((allowed) => allowed.test(path)));
}
