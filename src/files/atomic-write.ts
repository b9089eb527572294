/** Writing a file so that its name never shows a half-written one. */
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

let serial = 0;

/** What to write: all of it, or a function that fills the open file. */
export type FileContent = string | Uint8Array | ((file: FileHandle) => Promise<void>);

/**
 * Writes, or lets `content` write, a temporary file beside `path`, flushes it to disk and renames it to `path`. On failure the
 * temporary file is removed, an earlier file of that name is left as it was, and an Error naming `path` is thrown
 * with the cause.
 */
export async function writeAtomically(path: string, content: FileContent): Promise<void> {
  const temporary = `${path}.${process.pid}-${serial++}.tmp`;
  try {
    const file = await open(temporary, 'wx');
    try {
      if (typeof content === 'function') await content(file);
      else await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw new Error(`could not write ${path}: ${(error as Error).message}`, { cause: error });
  }
}

/** Makes what happened in a folder durable, renames too. Windows cannot open folders, and needs no such step. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
