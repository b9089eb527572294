/** What a command works on: a run's trained model, a model folder, or a shipped model. */
import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type Recipe, SHIPPED_PREFIX } from '../../training/index.ts';
import { CliError } from '../errors.ts';
import { type FoundRun, findRun } from './run-place.ts';

export interface Target {
  /** Name for people: the run's identifier or the model as given. */
  name: string;
  /** Model folder, or a shipped model's name. */
  model: string;
  /** The run that made the model. */
  run?: FoundRun & { recipe: Recipe };
}

const isFile = (path: string) =>
  stat(path).then(
    (found) => found.isFile(),
    () => false,
  );

/**
 * Finds a model folder, shipped model (`burnish/…`) or run (identifier, its beginning, or folder). Throws a CliError
 * when it is none of these, or a run without a model yet.
 */
export async function findTarget(what: string, root?: string): Promise<Target> {
  if (what.startsWith(SHIPPED_PREFIX)) return { name: what, model: what };
  if (await isFile(join(what, 'config.json'))) return { name: what, model: resolve(what) };
  const run = await findRun(what, root);
  if (run === undefined)
    throw new CliError(
      `'${what}' is neither a model folder (with config.json) nor a run; 'burnish runs list' shows the runs there are`,
    );
  const { record } = run;
  const model = join(record.folder, 'model');
  if (!(await isFile(join(model, 'config.json'))))
    throw new CliError(
      `the run ${record.id} is ${record.status} and has no model yet; 'burnish export' takes one from its snapshots, 'burnish train --resume' goes on with it`,
    );
  return { name: record.id, model, run: { ...run, recipe: record.config as Recipe } };
}
