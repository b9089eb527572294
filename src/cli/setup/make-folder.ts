/** Makes a folder with those above it, and says why when it cannot. */
import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { CliError, EXIT, reasonOf } from '../errors.ts';

/**
 * Node's own recursive mkdir says "no such file" where the file system is read-only, so folders are made one by one.
 * Throws a CliError naming the folder and the reason.
 */
export async function makeFolder(folder: string): Promise<void> {
  try {
    await make(folder);
  } catch (error) {
    const options = { exitCode: EXIT.failed, cause: error };
    throw new CliError(`cannot make the output folder ${folder}: ${reasonOf(error)}`, options);
  }
}

async function make(folder: string): Promise<void> {
  const found = await stat(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    return undefined;
  });
  if (found?.isDirectory()) return;
  if (found === undefined && dirname(folder) !== folder) await make(dirname(folder));
  await mkdir(folder).catch((error: NodeJS.ErrnoException) => {
    // Another process may have made it meanwhile; a file of that name stays an error.
    if (error.code !== 'EEXIST' || found !== undefined) throw error;
  });
}
