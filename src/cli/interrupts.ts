/** Ctrl-C: once asks the work to save and stop, twice stops at once. */
import { setMaxListeners } from 'node:events';
import { EXIT } from './errors.ts';

export interface Interrupts {
  signal: AbortSignal;
  /** Stops listening: Ctrl-C ends the process again as usual. */
  release(): void;
}

/** Listens for SIGINT and SIGTERM; `onFirst` tells the user what happens now. */
export function onInterrupt(onFirst: () => void): Interrupts {
  const controller = new AbortController();
  // Every grading under way listens.
  setMaxListeners(0, controller.signal);
  const handle = () => {
    if (controller.signal.aborted) process.exit(EXIT.interrupted);
    controller.abort(new Error('interrupted'));
    onFirst();
  };
  process.on('SIGINT', handle);
  process.on('SIGTERM', handle);
  return {
    signal: controller.signal,
    release() {
      process.removeListener('SIGINT', handle);
      process.removeListener('SIGTERM', handle);
    },
  };
}
