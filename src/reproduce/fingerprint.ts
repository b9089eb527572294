/** Names by content: what a finished result or base model was made of. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { armsOf, type Criterion, isComparison } from './criterion.ts';
import type { Reproduction } from './declaration.ts';
import { packageVersion } from './provenance.ts';

/** JSON with sorted keys; functions by their source. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => {
    if (typeof inner === 'function') return `function ${inner.toString()}`;
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

/** SHA-256 of any JSON value, keys in any order, in hexadecimal. */
export function contentHash(value: unknown): string {
  return createHash('sha256')
    .update(canonical(value) ?? 'undefined')
    .digest('hex');
}

/** Code that decides results; tests and what the compiler adds do not. */
const isCode = (name: string) => /\.[jt]s$/.test(name) && !/\.(test|d)\.ts$/.test(name);

/** Hash of the code in a module's folder, by file name. A module that lies in a folder of several ones stands alone. */
export function codeHash(moduleUrl: string): string {
  const file = fileURLToPath(moduleUrl);
  const folder = dirname(file);
  const names = /[\\/]reproduction\.[jt]s$/.test(file)
    ? readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(isCode).sort()
    : undefined;
  const files = names?.map((name) => join(folder, name)) ?? [file];
  return contentHash(files.map((path, i) => [names?.[i] ?? '', readFileSync(path, 'utf8')]));
}

/** Names what an arm's results depend on: its settings, those of the arms it needs, the budget, and the method's code. */
export function armFingerprint(reproduction: Reproduction, arm: string): string {
  const { name, budget, arms, code } = reproduction;
  const { settings, needs = [] } = arms[arm];
  const needed = needs.map((need) => armFingerprint(reproduction, need));
  const unit = budget.unit;
  return contentHash({ name, arm, settings, needed, unit, code: codeHash(code), version: packageVersion() });
}

/** Names the inequality as declared, its words left out. */
export function criteriaFingerprint(criteria: readonly Criterion[]): string {
  return contentHash(
    criteria.map((criterion) => {
      const { says: _says, ...rest } = criterion;
      return isComparison(criterion) ? rest : { ...rest, arms: armsOf(criterion) };
    }),
  );
}
