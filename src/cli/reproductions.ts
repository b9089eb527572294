/** The reproductions that can be run: every method whose folder has a `reproduction` module. */
import { existsSync, readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { loadReproduction, PAPERS, type Reproduction } from '../reproduce/index.ts';
import { unknownWord } from '../training/index.ts';
import { CliError, messageOf } from './errors.ts';

const METHODS = new URL('../methods/', import.meta.url);
const FILE = import.meta.url.endsWith('.ts') ? 'reproduction.ts' : 'reproduction.js';

const moduleOf = (method: string) => new URL(`${method}/${FILE}`, METHODS);

/** Names of the methods that have a reproduction. */
export function declaredReproductions(): string[] {
  return readdirSync(METHODS, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(moduleOf(entry.name)))
    .map(({ name }) => name);
}

/** Whether a reproduction is named by the path of its module. */
export const isModulePath = (what: string) => /\.(m?js|ts)$/.test(what);

/** A declared reproduction with the address of its module. */
export interface FoundReproduction {
  reproduction: Reproduction;
  module: string;
}

/**
 * Finds a reproduction by the name of its method, or by the path of a module that exports one.
 * Throws a CliError that says which ones there are, or what is wrong with the module.
 */
export async function findReproduction(what: string): Promise<FoundReproduction> {
  const isPath = isModulePath(what);
  const module = isPath ? pathToFileURL(resolve(what)) : moduleOf(what);
  if (!existsSync(fileURLToPath(module))) throw new CliError(absent(what, isPath));
  try {
    return { reproduction: await loadReproduction(module.href), module: module.href };
  } catch (error) {
    throw new CliError(`cannot load the reproduction ${what}: ${messageOf(error)}`, { cause: error });
  }
}

function absent(what: string, isPath: boolean): string {
  if (isPath) return `there is no file ${what}`;
  const paper = PAPERS.find(({ name, id }) => name === what || String(id) === what);
  const declared = declaredReproductions();
  if (paper && declared.includes(paper.name)) return `'${what}' given: did you mean '${paper.name}'?`;
  if (paper)
    return `${paper.name} (paper ${paper.id}) has no reproduction yet; 'burnish papers' lists them all`;
  return unknownWord('reproduction', what, declared);
}
