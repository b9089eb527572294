/** What the command line notes in a run's folder: where the recipe came from, so that its code can be found again. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeAtomically } from '../../files/index.ts';
import type { LoadedRecipe, RecipeSource } from '../recipe/load-recipe.ts';

const FILE = 'source.json';

export async function writeSource(folder: string, source: RecipeSource): Promise<void> {
  await writeAtomically(join(folder, FILE), `${JSON.stringify(source, null, 2)}\n`);
}

async function readSource(folder: string): Promise<RecipeSource | undefined> {
  const text = await readFile(join(folder, FILE), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as RecipeSource);
}

/** The environment and grader that a run's recipe brought along, read again from its file. */
export async function ownParts(folder: string): Promise<Pick<LoadedRecipe, 'environment' | 'grader'>> {
  const source = await readSource(folder);
  if (source?.kind !== 'file' || !/\.[mc]?[tj]s$/.test(source.path)) return {};
  const { loadRecipe } = await import('../recipe/load-recipe.ts');
  const { environment, grader } = await loadRecipe(source.path);
  return { environment, grader };
}
