/** Finds a recipe by name or path and reads it, whatever it is written in. */
import { readFile, stat } from 'node:fs/promises';
import { dirname, extname, isAbsolute, resolve } from 'node:path';
import { methods } from '../../methods/index.ts';
import { namedModels, nearest, RecipeError, SHIPPED_PREFIX, setByPath } from '../../training/index.ts';
import type { Environment, Grader } from '../../types/index.ts';
import { CliError, messageOf, reasonOf } from '../errors.ts';
import { builtInNames, builtInRecipe } from '../recipes/index.ts';

/** Where a recipe came from; kept with the run, so that its code can be found again. */
export type RecipeSource =
  | { kind: 'built-in'; name: string }
  | { kind: 'file'; path: string }
  | { kind: 'data'; path: string };

/** A recipe as written, with the code that came with it. */
export interface LoadedRecipe {
  input: Record<string, unknown>;
  source: RecipeSource;
  /** A TypeScript recipe's own environment (`export const environment`). */
  environment?: Environment;
  /** A TypeScript recipe's own grader (`export const grader`), which replaces the environment's. */
  grader?: Grader;
  /** What was chosen for the user, one line each. */
  notes: string[];
}

export interface LoadOptions {
  /** Model to start from, instead of the recipe's. */
  model?: string;
  /** Settings of the environment that a recipe for a file of tasks is to be made with. */
  environment?: Readonly<Record<string, unknown>>;
}

const SCRIPTS = ['.ts', '.mts', '.js', '.mjs'];
const DOCUMENTS = ['.yaml', '.yml', '.json'];

/**
 * A built-in recipe's name, a recipe file, or a JSONL file of tasks. Relative paths inside a file are taken from its
 * folder. Throws a CliError that says what was looked for.
 */
export async function loadRecipe(what: string, options: LoadOptions = {}): Promise<LoadedRecipe> {
  const extension = extname(what).toLowerCase();
  if (extension === '.jsonl' || extension === '.ndjson') {
    const { recipeForFile } = await import('./own-file.ts');
    return await recipeForFile(resolve(what), options);
  }
  const loaded = await loadWritten(what, extension);
  if (options.model === undefined) return loaded;
  return { ...loaded, input: { ...loaded.input, model: options.model } };
}

async function loadWritten(what: string, extension: string): Promise<LoadedRecipe> {
  const builtIn = builtInRecipe(what);
  if (builtIn !== undefined)
    return { input: { ...builtIn }, source: { kind: 'built-in', name: what }, notes: [] };
  if (!SCRIPTS.includes(extension) && !DOCUMENTS.includes(extension)) throw unknownRecipe(what);
  const path = resolve(what);
  await stat(path).catch((error: unknown) => {
    throw new CliError(`cannot read the recipe ${what}: ${reasonOf(error)}`, { cause: error });
  });
  const source: RecipeSource = { kind: 'file', path };
  if (DOCUMENTS.includes(extension))
    return { input: absolute(checkRecord(await readDocument(path), path), path), source, notes: [] };
  const { importRecipeModule } = await import('./typescript.ts');
  const exported = await importRecipeModule(path);
  const environment = exported.environment as Environment | undefined;
  const grader = exported.grader as Grader | undefined;
  if (grader !== undefined && typeof grader.grade !== 'function')
    throw new CliError(`${path}: the export 'grader' is no grader; make one with functionGrader(name, fn)`);
  if (environment !== undefined && typeof environment.task !== 'function')
    throw new CliError(`${path}: the export 'environment' is no environment: it has no task(split, index)`);
  const input = absolute(checkRecord(exported.default, path), path);
  return { input, source, environment, grader, notes: [] };
}

function unknownRecipe(what: string): CliError {
  const near = nearest(what, builtInNames);
  const hint = near === undefined ? '' : ` Did you mean '${near}'?`;
  return new CliError(
    `there is no recipe '${what}'.${hint} Built-in recipes: ${builtInNames.join(', ')}. ` +
      'A path must end in .ts, .js, .yaml, .yml, .json, or .jsonl for a file of tasks.',
  );
}

async function readDocument(path: string): Promise<unknown> {
  const text = await readFile(path, 'utf8');
  try {
    if (path.toLowerCase().endsWith('.json')) return JSON.parse(text);
    const { parse } = await import('yaml');
    return parse(text, { prettyErrors: true });
  } catch (error) {
    throw new CliError(`cannot read the recipe ${path}: ${messageOf(error)}`, { cause: error });
  }
}

function checkRecord(value: unknown, path: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  const found = value === undefined ? 'nothing' : Array.isArray(value) ? 'a list' : typeof value;
  throw new RecipeError([
    `${path}: expected ${/\.[mc]?[tj]s$/.test(path) ? 'a default export that is ' : ''}one object with keys such as name, model and stages, found ${found}`,
  ]);
}

/** The recipe with the paths in it taken from the folder of its file. */
function absolute(input: Record<string, unknown>, path: string): Record<string, unknown> {
  const folder = dirname(path);
  let copy = { ...input };
  for (const [key, model] of namedModels(input, methods))
    copy = setByPath(copy, key, modelPath(model, folder));
  const { environment } = copy;
  if (typeof environment === 'object' && environment !== null && 'file' in environment) {
    const { file } = environment;
    if (typeof file === 'string') copy.environment = { ...environment, file: resolve(folder, file) };
  }
  return copy;
}

/** A model folder as written in a recipe or on a command line, made absolute; shipped models keep their name. */
export function modelPath(model: string, folder: string): string {
  return model.startsWith(SHIPPED_PREFIX) || isAbsolute(model) ? model : resolve(folder, model);
}
