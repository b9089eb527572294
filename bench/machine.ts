/** What figures depend on besides the code: the machine, the commit, the versions. */
import { execFileSync } from 'node:child_process';
import { availableParallelism, cpus } from 'node:os';

/** Processor model and number of processors this process may use. */
export function machineName(): string {
  return `${cpus()[0]?.model.trim() ?? 'unknown processor'}, ${availableParallelism()} processors`;
}

/** Short commit of the project, `-dirty` where files other than the history of benchmarks differ from it; `unknown` outside a checkout. */
export function commitName(): string {
  const git = (...args: string[]) =>
    execFileSync('git', args, {
      cwd: new URL('..', import.meta.url),
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  try {
    const changed = git('diff', '--name-only', 'HEAD', '--', '.', ':!bench/history.jsonl');
    return git('rev-parse', '--short', 'HEAD') + (changed === '' ? '' : '-dirty');
  } catch {
    return 'unknown';
  }
}
