/** The recipes that come with Burnish, by name. */
import type { RecipeInput } from '../../training/index.ts';
import { arithmetic } from './arithmetic.ts';
import { countdown } from './countdown.ts';
import { g2p } from './g2p.ts';

const RECIPES: Readonly<Record<string, RecipeInput>> = { countdown, g2p, arithmetic };

export const builtInNames: readonly string[] = Object.keys(RECIPES);

/** The recipe of that name, if there is one. */
export function builtInRecipe(name: string): RecipeInput | undefined {
  return Object.hasOwn(RECIPES, name) ? RECIPES[name] : undefined;
}
