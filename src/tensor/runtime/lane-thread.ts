/** Threads that each run one program at a time, beside the thread that tells them to. */
import { Worker } from 'node:worker_threads';
import { API_TABLE, API_VERSION } from './api-table.ts';
import { libraryPath, type Pointer, STACK_BYTES } from './library.ts';
import { idleThreadsSpin } from './threads.ts';

/** Where what lies in the memory that both threads share: 32-bit integers first, then 64-bit pointers. */
const CELLS = {
  /** Number of the newest command. */
  command: 0,
  /** Number of the newest command that was carried out. */
  done: 1,
  /** 1 while the thread sleeps, and has to be woken. */
  asleep: 2,
  /** 1 when the thread has started. */
  ready: 3,
  /** 1 when the end of the command is to be told by a message too. */
  announce: 4,
  /** Byte at which the pointers start. */
  pointers: 64,
  session: 0,
  binding: 1,
  /** What the run returned: 0 where it succeeded. */
  status: 2,
} as const;
const SHARED_BYTES = 128;

/** How long a thread without a command keeps its processor, where idle threads spin: longer than a decoding step's pause. */
const IDLE_SPIN_MILLISECONDS = 2;
/** How long the calling thread spins for the others before it sleeps. */
const JOIN_SPIN_MILLISECONDS = { spinning: 2, sleeping: 0.05 };

/** A thread of its own with an ONNX Runtime call to make now and then. */
export class LaneThread {
  private readonly control: Int32Array;
  private readonly pointers: BigUint64Array;
  private readonly worker: Worker;
  private readonly joinSpin: number;
  private busy = false;
  private announced: (() => void) | undefined;

  constructor() {
    const memory = new SharedArrayBuffer(SHARED_BYTES);
    this.control = new Int32Array(memory, 0, CELLS.pointers / 4);
    this.pointers = new BigUint64Array(memory, CELLS.pointers);
    const spins = idleThreadsSpin();
    this.joinSpin = spins ? JOIN_SPIN_MILLISECONDS.spinning : JOIN_SPIN_MILLISECONDS.sleeping;
    this.worker = new Worker(new URL('./lane-thread.mjs', import.meta.url), {
      // None of the flags that this process may have been started with, such as a loader.
      execArgv: [],
      workerData: {
        memory,
        cells: CELLS,
        library: libraryPath(),
        apiVersion: API_VERSION,
        runIndex: API_TABLE.RunWithBinding.index,
        stackBytes: STACK_BYTES,
        spinMilliseconds: spins ? IDLE_SPIN_MILLISECONDS : 0,
      },
    });
    this.worker.on('message', () => this.announced?.());
    // A process may end while its lanes wait.
    this.worker.unref();
  }

  /** False while the thread starts, and from `start` until the run's end has been taken note of. */
  get free(): boolean {
    return !this.busy && Atomics.load(this.control, CELLS.ready) === 1;
  }

  /** Starts a run of a session's binding; `join` or `settled` must follow, the latter with `announce`. */
  start(session: Pointer, binding: Pointer, announce: boolean): void {
    const { control, pointers } = this;
    this.busy = true;
    pointers[CELLS.session] = session;
    pointers[CELLS.binding] = binding;
    control[CELLS.announce] = announce ? 1 : 0;
    Atomics.add(control, CELLS.command, 1);
    if (Atomics.load(control, CELLS.asleep) === 1) Atomics.notify(control, CELLS.command);
  }

  /** Blocks until the run has ended; its status, or null when it succeeded. */
  join(): Pointer | null {
    const { control } = this;
    const command = Atomics.load(control, CELLS.command);
    const began = performance.now();
    for (;;) {
      const done = Atomics.load(control, CELLS.done);
      if (done === command) return this.end();
      if (performance.now() - began > this.joinSpin) Atomics.wait(control, CELLS.done, done);
    }
  }

  /** Resolves when the run has ended, to its status, or null when it succeeded. */
  async settled(): Promise<Pointer | null> {
    this.worker.ref();
    await new Promise<void>((resolve) => {
      this.announced = resolve;
    });
    this.worker.unref();
    return this.end();
  }

  private end(): Pointer | null {
    this.busy = false;
    const status = this.pointers[CELLS.status];
    return status === 0n ? null : status;
  }
}
