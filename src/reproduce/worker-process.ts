/** The parent's side of a worker process. */
import { type ChildProcess, fork } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FromWorker, Order } from './messages.ts';
import { StoppedError } from './stopped.ts';

const isSource = import.meta.url.endsWith('.ts');
const WORKER = fileURLToPath(new URL(isSource ? './worker.ts' : './worker.js', import.meta.url));

export interface WorkerOptions {
  order: Order;
  /** Takes what the worker prints. */
  logFile: string;
  signal: AbortSignal;
  onProgress(share: number): void;
  onLog(line: string): void;
}

const alive = new Set<ChildProcess>();

/** Kills every worker of this process at once, for when the process itself ends. */
export function killWorkers(): void {
  for (const child of alive) child.kill('SIGKILL');
}

const LAST_LINES = 6;

/** What a worker that died printed last. */
function lastWords(logFile: string, from: number): string {
  const text = readFileSync(logFile).subarray(from).toString().trim();
  return text === '' ? '' : `; its last words:\n${text.split('\n').slice(-LAST_LINES).join('\n')}`;
}

/**
 * Has a worker process of one thread do the work. Rejects with a StoppedError when it stopped as asked, and with an Error that
 * says why when the work failed or the process died.
 */
export async function runWorker({ order, logFile, signal, onProgress, onLog }: WorkerOptions): Promise<void> {
  mkdirSync(dirname(logFile), { recursive: true });
  const log = openSync(logFile, 'a');
  const before = readFileSync(logFile).length;
  const fromSource = isSource ? ['--import', import.meta.resolve('tsx')] : [];
  const child = fork(WORKER, {
    stdio: ['ignore', log, log, 'ipc'],
    execArgv: fromSource,
    env: { ...process.env, BURNISH_THREADS: '1' },
  });
  alive.add(child);
  const stop = () => {
    if (child.connected) child.send({ type: 'stop' });
  };
  signal.addEventListener('abort', stop, { once: true });
  try {
    await new Promise<void>((resolve, reject) => {
      let ended = false;
      const end = (error?: Error) => {
        ended = true;
        if (error) reject(error);
        else resolve();
      };
      child.on('error', end);
      child.on('message', (message: FromWorker) => {
        if (message.type === 'ready') {
          child.send(order);
          if (signal.aborted) stop();
        } else if (message.type === 'progress') onProgress(message.share);
        else if (message.type === 'log') onLog(message.line);
        else if (message.type === 'stopped') end(new StoppedError('stopped'));
        else if (message.type === 'failed') {
          const error = new Error(message.message);
          error.stack = message.stack;
          end(error);
        } else end();
      });
      child.on('exit', (code, by) => {
        alive.delete(child);
        if (ended) return;
        const how = by === null ? `ended with code ${code}` : `was killed by ${by}`;
        end(new Error(`the worker process ${how} before it was done${lastWords(logFile, before)}`));
      });
    });
  } finally {
    signal.removeEventListener('abort', stop);
    closeSync(log);
  }
}
