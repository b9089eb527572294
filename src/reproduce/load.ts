/** Loads declared reproductions by the address of their module. */
import type { Reproduction } from './declaration.ts';

/** Imports a module that exports `reproduction`. Throws an Error where it does not. */
export async function loadReproduction(url: string): Promise<Reproduction> {
  const module = (await import(url)) as { reproduction?: Reproduction };
  if (module.reproduction === undefined)
    throw new Error(`${url} exports no 'reproduction'; expected what defineReproduction returns`);
  return module.reproduction;
}
