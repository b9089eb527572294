/** Where things are kept that can be made again. */
import { homedir } from 'node:os';
import { join } from 'node:path';

/** The user's cache folder: BURNISH_CACHE, else `burnish` in XDG_CACHE_HOME or ~/.cache. */
export function cacheFolder(environment: NodeJS.ProcessEnv = process.env): string {
  const { BURNISH_CACHE, XDG_CACHE_HOME } = environment;
  if (BURNISH_CACHE !== undefined && BURNISH_CACHE !== '') return BURNISH_CACHE;
  return join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'burnish');
}
