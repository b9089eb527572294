/** The parent's side of a worker process: a script of its own, messages both ways, and what it prints in a file. */
import { fork, type Serializable } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** How a process came to its end. */
export interface WorkerExit {
  code: number | null;
  signal: NodeJS.Signals | null;
  /** Why it could not be started. */
  error?: Error;
}

/** As in "the process …". */
export function exitText({ code, signal, error }: WorkerExit): string {
  if (error !== undefined) return `could not be started: ${error.message}`;
  return signal === null ? `ended with code ${code}` : `was killed by ${signal}`;
}

export interface WorkerProcess<To> {
  /** Messages arrive in order; those to a process that is gone are lost. */
  send(message: To): void;
  /** Ends it at once. */
  kill(): void;
  /** Resolves when the process is gone and has been heard to the end. */
  ended: Promise<WorkerExit>;
}

export interface WorkerOptions<From> {
  /** URL of the module that asks: the script lies beside it. */
  near: string;
  /** Name of the script without its ending, which is that of the asking module. */
  script: string;
  /** What it prints is added here; folders on the way are made. */
  logFile: string;
  /** Further environment. */
  env?: Readonly<Record<string, string>>;
  onMessage(message: From): void;
}

/** Starts a process. */
export function forkWorker<To extends Serializable, From>(options: WorkerOptions<From>): WorkerProcess<To> {
  const { near, script, logFile, env = {}, onMessage } = options;
  const isSource = near.endsWith('.ts');
  mkdirSync(dirname(logFile), { recursive: true });
  const log = openSync(logFile, 'a');
  const child = fork(fileURLToPath(new URL(`./${script}.${isSource ? 'ts' : 'js'}`, near)), {
    stdio: ['ignore', log, log, 'ipc'],
    execArgv: isSource ? ['--import', import.meta.resolve('tsx')] : [],
    env: { ...process.env, ...env },
  });
  closeSync(log);
  child.on('message', (message) => onMessage(message as From));
  return {
    send(message) {
      if (child.connected) child.send(message, () => undefined);
    },
    kill: () => void child.kill('SIGKILL'),
    ended: new Promise((resolve) => {
      child.on('close', (code, signal) => resolve({ code, signal }));
      child.on('error', (error) => resolve({ code: null, signal: null, error }));
    }),
  };
}
