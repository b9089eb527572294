/** The parent's side of a worker process. */
import { existsSync, readFileSync } from 'node:fs';
import { exitText, forkWorker, type WorkerProcess } from '../processes/index.ts';
import type { FromWorker, Order, ToWorker } from './messages.ts';
import { StoppedError } from './stopped.ts';

export interface WorkerOptions {
  order: Order;
  /** Takes what the worker prints. */
  logFile: string;
  signal: AbortSignal;
  onProgress(share: number): void;
  onLog(line: string): void;
}

const alive = new Set<WorkerProcess<ToWorker>>();

/** Kills every worker of this process at once, for when the process itself ends. */
export function killWorkers(): void {
  for (const worker of alive) worker.kill();
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
  const before = existsSync(logFile) ? readFileSync(logFile).length : 0;
  await new Promise<void>((resolve, reject) => {
    let ended = false;
    const end = (error?: Error) => {
      ended = true;
      signal.removeEventListener('abort', stop);
      if (error) reject(error);
      else resolve();
    };
    const worker = forkWorker<ToWorker, FromWorker>({
      near: import.meta.url,
      script: 'worker',
      logFile,
      env: { BURNISH_THREADS: '1' },
      onMessage(message) {
        if (message.type === 'ready') {
          worker.send(order);
          if (signal.aborted) stop();
        } else if (message.type === 'progress') onProgress(message.share);
        else if (message.type === 'log') onLog(message.line);
        else if (message.type === 'stopped') end(new StoppedError('stopped'));
        else if (message.type === 'failed') {
          const error = new Error(message.message);
          error.stack = message.stack;
          end(error);
        } else end();
      },
    });
    alive.add(worker);
    const stop = () => worker.send({ type: 'stop' });
    signal.addEventListener('abort', stop, { once: true });
    void worker.ended.then((exit) => {
      alive.delete(worker);
      if (!ended)
        end(
          new Error(`the worker process ${exitText(exit)} before it was done${lastWords(logFile, before)}`),
        );
    });
  });
}
