/** Where figures come from: version, commit, machine. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Folder of the package; sources and build lie equally deep in it. */
export const packageFolder = fileURLToPath(new URL('../../', import.meta.url));

/** Version in package.json. */
export function packageVersion(): string {
  const text = readFileSync(join(packageFolder, 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

/** Whether the package is a git checkout and not an installed copy. */
export const isCheckout = () => existsSync(join(packageFolder, '.git'));

function git(...args: string[]): string | undefined {
  try {
    const stdio: ('ignore' | 'pipe')[] = ['ignore', 'pipe', 'ignore'];
    return execFileSync('git', args, { cwd: packageFolder, stdio, encoding: 'utf8' }).trim();
  } catch {
    // No git, or no repository that may be read.
    return undefined;
  }
}

/** Short commit of the checkout, with `+` where code was changed since; the version where there is no checkout. */
export function commit(): string {
  const hash = isCheckout() ? git('rev-parse', '--short', 'HEAD') : undefined;
  if (hash === undefined) return `version ${packageVersion()}`;
  const changed = git('status', '--porcelain', '--', 'src', 'package-lock.json');
  return changed === '' ? hash : `${hash}+`;
}

/** Processors and Node's version. */
export function machine(): string {
  const all = cpus();
  return `${all.length} x ${all[0]?.model.trim() ?? 'processor'}, Node ${process.version}`;
}
