/** Where the package lies, and what it says of itself. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Folder of the package; sources and build lie equally deep in it. */
export const packageRoot: string = fileURLToPath(new URL('../../', import.meta.url));

/** Version in package.json. */
export function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
