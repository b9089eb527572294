/** The server's side of a job's worker: a process of its own, so that no job can bring the server down. */
import { type ChildProcess, fork } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FineTuneSpec } from './spec.ts';
import type { FromWorker, ToWorker } from './worker-messages.ts';

const isSource = import.meta.url.endsWith('.ts');
const WORKER = fileURLToPath(new URL(isSource ? './worker.ts' : './worker.js', import.meta.url));

/** How a worker process came to its end. */
export interface WorkerExit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

export interface JobWorker {
  /** Asks it to save what can be gone on with and end. */
  stop(): void;
  /** Ends it at once. */
  kill(): void;
  /** Settles when the process is gone. */
  ended: Promise<WorkerExit>;
}

/** Starts a worker; what it prints goes to `worker.log` in the job's folder. Messages arrive in order. */
export function startWorker(spec: FineTuneSpec, onMessage: (message: FromWorker) => void): JobWorker {
  mkdirSync(spec.folder, { recursive: true });
  const log = openSync(join(spec.folder, 'worker.log'), 'a');
  const child: ChildProcess = fork(WORKER, {
    stdio: ['ignore', log, log, 'ipc'],
    execArgv: isSource ? ['--import', import.meta.resolve('tsx')] : [],
  });
  closeSync(log);
  const send = (message: ToWorker) => {
    if (child.connected) child.send(message, () => undefined);
  };
  child.on('message', (message: FromWorker) => onMessage(message));
  const ended = new Promise<WorkerExit>((resolve) => {
    child.on('exit', (code, signal) => resolve({ code, signal }));
    child.on('error', () => resolve({ code: null, signal: null }));
  });
  send({ kind: 'start', spec });
  return { stop: () => send({ kind: 'stop' }), kill: () => child.kill('SIGKILL'), ended };
}
