/** Runs the command line for tests: in a process of its own, or quicker in this one. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { vi } from 'vitest';
import { run } from '../run.ts';

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));
const TSX = fileURLToPath(import.meta.resolve('tsx'));

export interface Finished {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export interface SpawnOptions {
  cwd: string;
  /** JavaScript that runs before the program, to make system calls fail. */
  before?: string;
  /** Called with everything on standard error so far, whenever more comes. */
  watch?(stderr: string, child: ChildProcess): void;
}

/** Runs `burnish` with the arguments to its end. */
export function burnish(args: readonly string[], { cwd, before, watch }: SpawnOptions): Promise<Finished> {
  const preload =
    before === undefined ? [] : ['--import', `data:text/javascript,${encodeURIComponent(before)}`];
  const child = spawn(process.execPath, [...preload, '--import', TSX, MAIN, ...args], {
    cwd,
    env: { ...process.env, BURNISH_THREADS: '1', NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk;
    watch?.(stderr, child);
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
}

/** Runs `burnish` in this process; one at a time, paths absolute. */
export async function burnishHere(args: readonly string[]): Promise<Finished> {
  let stdout = '';
  let stderr = '';
  const out = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    stdout += text;
    return true;
  });
  const err = vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    stderr += text;
    return true;
  });
  try {
    const code = await run(['node', 'burnish', ...args]);
    return { code, signal: null, stdout, stderr };
  } finally {
    out.mockRestore();
    err.mockRestore();
  }
}

/** The object on the last line of standard output. */
export function lastObject({ stdout }: Finished): Record<string, unknown> {
  return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as Record<string, unknown>;
}

/** Makes one method of node:fs/promises fail on paths that contain a text. */
export function failing(method: 'open' | 'mkdir', containing: string, code: string): string {
  return `
    import fs from 'node:fs/promises';
    import { syncBuiltinESMExports } from 'node:module';
    const real = fs.${method};
    fs.${method} = async (path, ...rest) => {
      if (String(path).includes(${JSON.stringify(containing)}))
        throw Object.assign(new Error('${code}: injected, ${method} ' + path), { code: '${code}', syscall: '${method}', path });
      return real(path, ...rest);
    };
    syncBuiltinESMExports();`;
}

/** Runs work in a folder that is removed afterwards. */
export async function inFolder<Result>(work: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'burnish-cli-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A recipe that runs in a second or two. */
export const tinyRecipe = `name: tiny
model: { config: { hiddenSize: 16, layers: 1, heads: 2, maxPositions: 32 } }
environment: { name: arithmetic, digits: [1, 1], chainOfThought: false, validationSize: 8, testSize: 8 }
sampling: { maxTokens: 4 }
stages:
  - { method: supervised, steps: 3, batchSize: 4 }
  - { method: grpo, steps: 3, promptsPerStep: 2, groupSize: 2 }
evaluation: { tasks: 4, every: 2 }
report: { tasks: 4 }
snapshots: { every: 2, keep: 10 }
`;
