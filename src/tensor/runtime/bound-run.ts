/** Runs of a session over fixed input and output tensors. */
import { disown, Handle, own } from './handle.ts';
import type { LaneThread } from './lane-thread.ts';
import { check, ortLibrary, outPointer, type Pointer, statusError } from './library.ts';
import type { NativeTensor } from './native-tensor.ts';

/** A session with its tensors fixed. Nothing is allocated a run but a promise. */
export interface BoundRun {
  /**
   * Runs on a worker thread without blocking the event loop. Rejects with ONNX Runtime's message, or when this
   * BoundRun is running already. The tensors must not be written, and hold nothing of use, until it settles.
   */
  run(): Promise<void>;
  /** Runs on the calling thread: the least overhead, for programs of microseconds. */
  runSync(): void;
  /** Lets go of tensors and session; while a run is under way, as soon as it ends. */
  dispose(): void;
}

/** What `bindRun` needs to know of a session. */
export interface BindableSession {
  readonly handle: Handle;
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  /** The session computes on another device: binding an input copies it there, so each run binds anew. */
  readonly copies: boolean;
}

/** Binds tensors to a session's inputs and outputs, in the order of its names. */
export function bindRun(
  session: BindableSession,
  inputs: readonly NativeTensor[],
  outputs: readonly NativeTensor[],
): BoundRun {
  checkCount('inputs', session.inputNames, inputs);
  checkCount('outputs', session.outputNames, outputs);
  const { api } = ortLibrary();
  const pointer = outPointer('bind tensors', (out) => api.CreateIoBinding(session.handle.pointer, out));
  const held = [session.handle.retain()];
  const handle = new Handle(pointer, (binding) => {
    api.ReleaseIoBinding(binding);
    for (const part of held) part.release();
  });
  try {
    for (const input of inputs) held.push(input.native().retain());
    bindInputs(pointer, session, inputs);
    for (const [i, name] of session.outputNames.entries()) {
      held.push(outputs[i].native().retain());
      check(api.BindOutput(pointer, name, outputs[i].native().pointer), `bind output ${name}`);
    }
  } catch (error) {
    handle.release();
    throw error;
  }
  const rebind = session.copies ? () => bindInputs(pointer, session, inputs) : noop;
  return new Binding(session.handle.pointer, handle, [...inputs, ...outputs], rebind);
}

function bindInputs(
  binding: Pointer,
  { inputNames }: BindableSession,
  inputs: readonly NativeTensor[],
): void {
  const { api } = ortLibrary();
  for (const [i, name] of inputNames.entries())
    check(api.BindInput(binding, name, inputs[i].native().pointer), `bind input ${name}`);
}

function checkCount(what: string, names: readonly string[], tensors: readonly NativeTensor[]): void {
  if (tensors.length !== names.length) {
    throw new RangeError(
      `the session has ${names.length} ${what} (${names.join(', ')}), got ${tensors.length}`,
    );
  }
}

/** The end of a run on another thread; exactly one of the two is to be called. */
export interface RunEnd {
  /** Blocks until then; throws ONNX Runtime's message. */
  join(): void;
  /** Resolves then; rejects with ONNX Runtime's message. Only where it was begun with `announce`. */
  settled(): Promise<void>;
}

/** Begins a run on a lane's thread, which must be free. Throws when it is under way already. */
export function beginOn(run: BoundRun, thread: LaneThread, announce: boolean): RunEnd {
  return (run as Binding).beginOn(thread, announce);
}

class Binding implements BoundRun {
  private readonly session: Pointer;
  private readonly handle: Handle;
  /** Keeps the memory that the binding points to alive. */
  readonly tensors: readonly NativeTensor[];
  private readonly rebind: () => void;
  private running = false;
  private disposed = false;
  private resolve: () => void = noop;
  private reject: (error: unknown) => void = noop;

  constructor(session: Pointer, handle: Handle, tensors: readonly NativeTensor[], rebind: () => void) {
    this.session = session;
    this.handle = handle;
    this.tensors = tensors;
    this.rebind = rebind;
    own(this, handle);
  }

  run(): Promise<void> {
    return new Promise(this.launch);
  }

  runSync(): void {
    this.start();
    const status = ortLibrary().api.RunWithBinding(this.session, null, this.handle.pointer);
    this.finish();
    if (status !== null) throw statusError(status, 'run the model');
  }

  beginOn(thread: LaneThread, announce: boolean): RunEnd {
    this.start();
    thread.start(this.session, this.handle.pointer, announce);
    const end = (status: Pointer | null) => {
      this.finish();
      if (status !== null) throw statusError(status, 'run the model');
    };
    return { join: () => end(thread.join()), settled: async () => end(await thread.settled()) };
  }

  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    if (!this.running) disown(this, this.handle);
  }

  // The functions of an asynchronous run are made once; while it is under way koffi holds `settle`, and so `this`.
  private readonly launch = (resolve: () => void, reject: (error: unknown) => void): void => {
    this.start();
    this.resolve = resolve;
    this.reject = reject;
    try {
      ortLibrary().api.RunWithBinding.async(this.session, null, this.handle.pointer, this.settle);
    } catch (error) {
      this.finish();
      throw error;
    }
  };

  private readonly settle = (error: Error | null, status: Pointer | null): void => {
    const { resolve, reject } = this;
    this.resolve = noop;
    this.reject = noop;
    this.finish();
    if (error !== null) reject(error);
    else if (status !== null) reject(statusError(status, 'run the model'));
    else resolve();
  };

  private start(): void {
    if (this.disposed) throw new Error('this BoundRun was disposed');
    if (this.running) throw new Error('this BoundRun is running already; bind again to run at the same time');
    this.rebind();
    this.running = true;
  }

  private finish(): void {
    this.running = false;
    if (this.disposed) disown(this, this.handle);
  }
}

function noop(): void {}
