/** The folder of an arm with one seed: emptied where it is another arm's by now, and tidied when the arm is finished. */
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeAtomically } from '../files/index.ts';

/** Takes what a worker prints. */
export const LOG_FILE = 'log.txt';

const MARK = 'made-of';

/**
 * Makes the folder ready: what an earlier sitting left stays when it was begun with the same fingerprint, and is removed
 * otherwise, or when `anew` says so; the log stays.
 */
export async function prepareArmFolder(folder: string, fingerprint: string, anew: boolean): Promise<void> {
  await mkdir(folder, { recursive: true });
  const mark = join(folder, MARK);
  const begun = await readFile(mark, 'utf8').catch(() => undefined);
  if (begun === fingerprint && !anew) return;
  for (const name of await readdir(folder))
    if (name !== LOG_FILE) await rm(join(folder, name), { recursive: true, force: true });
  await writeAtomically(mark, fingerprint);
}

/** Removes the snapshots of finished runs in and below a folder; models and records stay. */
export async function removeSnapshots(folder: string): Promise<void> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const found = entries.filter((entry) => entry.isDirectory() && entry.name === 'snapshots');
  for (const entry of found) await rm(join(entry.parentPath, entry.name), { recursive: true, force: true });
}
