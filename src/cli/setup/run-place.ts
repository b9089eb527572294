/** Where runs are kept: the folder of all runs, their store, and one run's folder and identifier. */
import { stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { openStore, type RunRecord, type Store } from '../../store/index.ts';
import { CliError } from '../errors.ts';

/** Folder of runs unless another is given. */
export const DEFAULT_ROOT = 'runs';

const STORE = 'burnish.db';

/** Where a new run is kept. */
export interface RunPlace {
  id: string;
  folder: string;
  /** Folder that holds the store. */
  root: string;
}

const exists = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  );

const two = (value: number) => String(value).padStart(2, '0');

/** Local time for identifiers: `20260131-235959`. */
export function stamp(date: Date): string {
  const day = `${date.getFullYear()}${two(date.getMonth() + 1)}${two(date.getDate())}`;
  return `${day}-${two(date.getHours())}${two(date.getMinutes())}${two(date.getSeconds())}`;
}

/** A free place for a run: `<root>/<name>-<time>`, or the given folder with the store beside it. */
export async function newPlace(
  name: string,
  { out, root }: { out?: string; root?: string },
): Promise<RunPlace> {
  if (out !== undefined) {
    const folder = resolve(out);
    const own = resolve(root ?? dirname(folder));
    return { id: basename(folder).replaceAll(/[^\w.-]+/g, '-'), folder, root: own };
  }
  const at = resolve(root ?? DEFAULT_ROOT);
  const wanted = `${name}-${stamp(new Date())}`;
  let id = wanted;
  for (let i = 2; await exists(join(at, id)); i++) id = `${wanted}-${i}`;
  return { id, folder: join(at, id), root: at };
}

/** Opens the store of a folder of runs; `readOnly` needs it to be there. */
export async function openRunStore(root: string, options: { readOnly?: boolean } = {}): Promise<Store> {
  const path = join(root, STORE);
  if (options.readOnly && !(await exists(path)))
    throw new CliError(
      `there are no runs in ${root}: it has no ${STORE}. 'burnish train' makes one; --runs <folder> looks elsewhere`,
    );
  return await openStore(path, options);
}

/** A run that was found, with the folder that holds its store. */
export interface FoundRun {
  record: RunRecord;
  root: string;
}

/** The run of that identifier, beginning of an identifier, or folder; undefined when there is none. */
export async function findRun(what: string, root?: string): Promise<FoundRun | undefined> {
  const folder = resolve(what);
  for (const at of new Set([resolve(root ?? DEFAULT_ROOT), dirname(folder)])) {
    if (!(await exists(join(at, STORE)))) continue;
    const store = await openRunStore(at, { readOnly: true });
    try {
      const byFolder = (await store.runs()).find((run) => resolve(run.folder) === folder);
      const record = byFolder ?? (/[/\\]/.test(what) ? undefined : await store.run(what));
      if (record !== undefined) return { record, root: at };
    } finally {
      await store.close();
    }
  }
  return undefined;
}

/** As `findRun`; throws a CliError when there is none. */
export async function needRun(what: string, root?: string): Promise<FoundRun> {
  const found = await findRun(what, root);
  if (found === undefined)
    throw new CliError(
      `there is no run '${what}' in ${root ?? DEFAULT_ROOT}; 'burnish runs list' shows the runs there are`,
    );
  return found;
}
