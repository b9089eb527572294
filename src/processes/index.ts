/** Worker processes: starting them, talking to them, and how they ended. */
export { exitText, forkWorker, type WorkerExit, type WorkerProcess } from './fork-worker.ts';
export { tellParent } from './tell-parent.ts';
