/** Writes a finished model as a Hugging Face folder, whole or not at all. */
import { mkdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { FrozenEngine } from '../engine/index.ts';
import { reasonOf } from './snapshots.ts';

/**
 * Exports the engine's weights to `folder`, replacing what was there. Throws an Error naming the folder when it cannot
 * be written; what was there then stays.
 */
export async function exportModel(engine: FrozenEngine, folder: string): Promise<void> {
  const beside = (suffix: string) => join(dirname(folder), `.${basename(folder)}.${suffix}`);
  const fresh = beside('new');
  const old = beside('old');
  try {
    for (const leftover of [fresh, old]) await rm(leftover, { recursive: true, force: true });
    await mkdir(fresh, { recursive: true });
    await engine.export(fresh);
    await rename(folder, old).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
    await rename(fresh, folder);
    await rm(old, { recursive: true, force: true });
  } catch (error) {
    await rm(fresh, { recursive: true, force: true }).catch(() => undefined);
    throw new Error(`cannot write the model folder ${folder}: ${reasonOf(error)}`, { cause: error });
  }
}
