/** Turns schema issues into messages that name the key, its path, what was given and what was expected. */
import { z } from 'zod';

/** A recipe that cannot be used; the message lists every problem, one a line. */
export class RecipeError extends Error {
  override name = 'RecipeError';
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(problems.length === 1 ? `recipe: ${problems[0]}` : `recipe:\n  ${problems.join('\n  ')}`);
    this.problems = problems;
  }
}

/** Number of single-letter edits between two words. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next[j] = Math.min(next[j - 1] + 1, row[j] + 1, row[j - 1] + Number(a[i - 1] !== b[j - 1]));
    row = next;
  }
  return row[b.length];
}

/** The known word that is nearest to a mistyped one, unless none is near. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const plain = (text: string) => text.toLowerCase().replaceAll(/[-_ ]/g, '');
  const ranked = known
    .map((name) => ({ name, edits: distance(plain(word), plain(name)) }))
    .sort((a, b) => a.edits - b.edits);
  const best = ranked[0];
  return best !== undefined && best.edits <= Math.max(1, Math.floor(word.length / 3)) ? best.name : undefined;
}

/** What to say of a word that is none of the known ones. */
export function unknownWord(what: string, word: string, known: readonly string[]): string {
  const near = nearest(word, known);
  return `unknown ${what} '${word}'${near === undefined ? '' : `: did you mean '${near}'?`} (known: ${known.join(', ')})`;
}

/** The schema inside optional, default and similar wrappers. */
function unwrapped(schema: unknown): unknown {
  let inner = schema;
  while (
    inner instanceof z.ZodOptional ||
    inner instanceof z.ZodDefault ||
    inner instanceof z.ZodPrefault ||
    inner instanceof z.ZodNullable
  )
    inner = inner.unwrap();
  return inner;
}

/** Keys that an object of the schema may have at a path, as far as they can be known. */
function keysAt(schema: unknown, path: readonly PropertyKey[]): string[] {
  const here = unwrapped(schema);
  if (here instanceof z.ZodUnion) return [...new Set(here.options.flatMap((option) => keysAt(option, path)))];
  if (path.length === 0) return here instanceof z.ZodObject ? Object.keys(here.shape) : [];
  const [key, ...rest] = path;
  if (here instanceof z.ZodObject) return keysAt(here.shape[String(key)], rest);
  if (here instanceof z.ZodArray) return keysAt(here.element, rest);
  return [];
}

/** A value as short text. */
function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

/** The value at a path of a tree; undefined where the path leaves it. */
export function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let here = value;
  for (const key of path) here = (here as Record<PropertyKey, unknown> | null | undefined)?.[key];
  return here;
}

/** Of a union's branches, the one whose complaint lies deepest: the one that was meant. */
function meant(issue: z.core.$ZodIssueInvalidUnion): z.core.$ZodIssue[] {
  const depth = (issues: z.core.$ZodIssue[]) =>
    issues.some((one) => one.code === 'invalid_type' && one.path.length === 0) ? 0 : 1;
  return [...issue.errors].sort((a, b) => depth(b) - depth(a))[0] ?? [];
}

export interface DescribeOptions {
  /** Where in the recipe the parsed value stands. */
  at?: readonly PropertyKey[];
  /** Further keys that would be known at the root of the value. */
  alsoKnown?: readonly string[];
}

/** One line a problem: `stages.0.learningRate: -1 given: …`. */
export function describeIssues(
  issues: readonly z.core.$ZodIssue[],
  schema: unknown,
  value: unknown,
  { at = [], alsoKnown = [] }: DescribeOptions = {},
): string[] {
  return issues.flatMap((issue) => {
    const place = [...at, ...issue.path].map(String).join('.');
    const prefix = place === '' ? '' : `${place}: `;
    if (issue.code === 'unrecognized_keys') {
      const known = [...keysAt(schema, issue.path), ...(issue.path.length === 0 ? alsoKnown : [])];
      return issue.keys.map((key) => `${prefix}${unknownWord('key', key, known)}`);
    }
    if (issue.code === 'invalid_union' && issue.errors.length > 0) {
      const inner = meant(issue).map((one) => ({ ...one, path: [...issue.path, ...one.path] }));
      return describeIssues(inner, schema, value, { at, alsoKnown });
    }
    const given = valueAt(value, issue.path);
    if (given === undefined) return [`${prefix}missing (${issue.message})`];
    return [`${prefix}${shown(given)} given: ${issue.message}`];
  });
}
