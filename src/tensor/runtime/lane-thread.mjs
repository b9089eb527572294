/** What a lane's thread does: it runs the program that it is told of, and waits for the next. See `lanes.ts`. */
import { parentPort, workerData } from 'node:worker_threads';
import koffi from 'koffi';

const { memory, cells, library, apiVersion, runIndex, stackBytes, spinMilliseconds } = workerData;
const control = new Int32Array(memory, 0, cells.pointers / 4);
const pointers = new BigUint64Array(memory, cells.pointers);

if (koffi.config().sync_stack_size < stackBytes) koffi.config({ sync_stack_size: stackBytes });
// Held while the thread lives, or koffi would unload the library.
const handle = koffi.load(library);
const base = handle.func('OrtGetApiBase', 'void *', [])();
const [getApi] = koffi.decode(base, koffi.array('void *', 1));
const api = koffi.decode(getApi, koffi.proto('void *', ['uint32']))(apiVersion);
const runWithBinding = koffi.decode(
  koffi.decode(api, koffi.array('void *', runIndex + 1))[runIndex],
  koffi.proto('void *', ['void *', 'void *', 'void *']),
);

/** Waits for a command after number `last`: spins for a while, then sleeps. */
function nextCommand(last) {
  const began = performance.now();
  while (Atomics.load(control, cells.command) === last) {
    if (performance.now() - began < spinMilliseconds) continue;
    Atomics.store(control, cells.asleep, 1);
    Atomics.wait(control, cells.command, last);
    Atomics.store(control, cells.asleep, 0);
  }
  return Atomics.load(control, cells.command);
}

Atomics.store(control, cells.ready, 1);
for (let command = 0; ; ) {
  command = nextCommand(command);
  const status = runWithBinding(pointers[cells.session], null, pointers[cells.binding]);
  pointers[cells.status] = status === null ? 0n : BigInt(status);
  Atomics.store(control, cells.done, command);
  Atomics.notify(control, cells.done);
  if (control[cells.announce] === 1) parentPort.postMessage(command);
}
