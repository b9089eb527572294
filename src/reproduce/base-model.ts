/** Base models that reproductions start from: each trained once, kept in a cache under the hash of its recipe. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { writeAtomically } from '../files/index.ts';
import {
  type MethodTable,
  modelFolderOf,
  parseRecipe,
  type RecipeInput,
  type TrainSummary,
} from '../training/index.ts';
import type { Environment } from '../types/index.ts';
import { removeSnapshots } from './arm-folder.ts';
import { cacheFolder } from './cache.ts';
import { contentHash } from './fingerprint.ts';
import { withLock } from './lock.ts';
import { packageVersion } from './provenance.ts';
import { runRecipe } from './run-recipe.ts';

/** A base model by how it is made. */
export interface BaseSpec {
  /** Family of tasks, such as 'countdown': the beginning of the folder's name. */
  family: string;
  /** Trains it. Its seed is part of its name: bases of other seeds are other models. */
  recipe: RecipeInput;
  /** Makes the tasks where `recipe.environment` is not a built-in name with its options; that entry must still say all that decides them. */
  environment?(): Environment | Promise<Environment>;
}

/** What is kept beside a base model. */
export interface BaseRecord {
  family: string;
  recipe: RecipeInput;
  summary: TrainSummary;
  version: string;
}

export interface BaseOptions {
  methods: MethodTable;
  /** Folder of the cache; `cacheFolder()` unless given. */
  cache?: string;
  signal?: AbortSignal;
  /** Hears the share that is done, 0..1, when this process is the one that trains. */
  onProgress?(share: number): void;
}

/** Hash of the files of a model folder; the name itself where there is no such folder, which training then refuses. */
async function modelHash(model: string): Promise<string> {
  const folder = modelFolderOf(model);
  const names = (await readdir(folder).catch(() => [])).filter((name) => /\.(json|safetensors)$/.test(name));
  const hash = createHash('sha256').update(names.length === 0 ? model : '');
  for (const name of names.sort()) hash.update(`${name}\0`).update(await readFile(join(folder, name)));
  return hash.digest('hex');
}

/** Folder name of a base: its family and the hash of everything that makes it. */
export async function baseName({ family, recipe }: BaseSpec, methods: MethodTable): Promise<string> {
  const { name: _name, ...parsed } = parseRecipe(recipe, methods);
  const model = typeof parsed.model === 'string' ? await modelHash(parsed.model) : parsed.model;
  return `${family}-${contentHash({ ...parsed, model, version: packageVersion() }).slice(0, 16)}`;
}

const RECORD = 'base.json';
const MODEL = 'model';

/** What is known of a base model by the folder that `baseModel` returned: held-out figures before and after, say. */
export async function baseRecord(model: string): Promise<BaseRecord> {
  return JSON.parse(await readFile(join(model, '..', RECORD), 'utf8')) as BaseRecord;
}

/**
 * The Hugging Face folder of a base model, trained now if no process has done so before. Several processes may ask at once:
 * one trains and the others wait; when it is killed, the next goes on from its snapshots. Throws a StoppedError when the
 * signal aborted, and whatever training throws.
 */
export async function baseModel(spec: BaseSpec, options: BaseOptions): Promise<string> {
  const { methods, cache = cacheFolder(), signal, onProgress } = options;
  const folder = join(cache, 'bases', await baseName(spec, methods));
  const isThere = () => existsSync(join(folder, RECORD));
  if (!isThere())
    await withLock(
      folder,
      async () => {
        if (isThere()) return;
        // The host is named, since processes of another one cannot be seen from here.
        const work = `${folder}.work-${hostname()}`;
        const environment = await spec.environment?.();
        const trained = await runRecipe({
          recipe: spec.recipe,
          methods,
          folder: work,
          environment,
          signal,
          onProgress,
        });
        trained.engine.dispose();
        const { family, recipe } = spec;
        const { summary } = trained;
        const record: BaseRecord = { family, recipe, summary, version: packageVersion() };
        await keep(work, folder, trained.model, record);
      },
      { signal },
    );
  return join(folder, MODEL);
}

/** Puts the model into the cache whole: the folder appears with everything in it. */
async function keep(work: string, folder: string, model: string, record: BaseRecord): Promise<void> {
  await removeSnapshots(work);
  const fresh = join(work, 'kept');
  await rm(fresh, { recursive: true, force: true });
  await mkdir(fresh, { recursive: true });
  await cp(model, join(fresh, MODEL), { recursive: true });
  await writeAtomically(join(fresh, RECORD), `${JSON.stringify(record, null, 2)}\n`);
  await rm(folder, { recursive: true, force: true });
  await rename(fresh, folder);
  await rm(work, { recursive: true, force: true });
}
