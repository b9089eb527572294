/** Makes environments by name, for recipes and the command line. */
import type { Environment } from '../types/index.ts';
import { arithmetic } from './arithmetic.ts';
import { countdown } from './countdown.ts';
import { g2p } from './g2p.ts';
import { listPrograms } from './list-programs.ts';
import { pairSearch } from './pair-search.ts';

type Options = Readonly<Record<string, unknown>>;

/** Each factory checks its options against its own schema. */
const FACTORIES: Readonly<Record<string, (options: Options) => Environment | Promise<Environment>>> = {
  arithmetic,
  countdown,
  g2p,
  'list-programs': listPrograms,
  'pair-search': pairSearch,
};

/** Names that `createEnvironment` knows. */
export const environmentNames: readonly string[] = Object.keys(FACTORIES);

/**
 * The environment of that name. Throws an Error that lists the names where it is unknown, and one that lists the
 * options where an option is unknown or wrong.
 */
export async function createEnvironment(name: string, options: Options = {}): Promise<Environment> {
  if (!Object.hasOwn(FACTORIES, name))
    throw new Error(
      `unknown environment ${JSON.stringify(name)}; the environments are: ${environmentNames.join(', ')}`,
    );
  return FACTORIES[name](options);
}
