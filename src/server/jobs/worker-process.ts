/** The server's side of a job's worker: a process of its own, so that no job can bring the server down. */
import { join } from 'node:path';
import { forkWorker, type WorkerExit } from '../../processes/index.ts';
import type { FineTuneSpec } from './spec.ts';
import type { FromWorker, ToWorker } from './worker-messages.ts';

export interface JobWorker {
  /** Asks it to save what can be gone on with and end. */
  stop(): void;
  /** Settles when the process is gone. */
  ended: Promise<WorkerExit>;
}

/** Starts a worker; what it prints goes to `worker.log` in the job's folder. Messages arrive in order. */
export function startWorker(spec: FineTuneSpec, onMessage: (message: FromWorker) => void): JobWorker {
  const logFile = join(spec.folder, 'worker.log');
  const worker = forkWorker<ToWorker, FromWorker>({
    near: import.meta.url,
    script: 'worker',
    logFile,
    onMessage,
  });
  worker.send({ kind: 'start', spec });
  return { stop: () => worker.send({ kind: 'stop' }), ended: worker.ended };
}
