/** Sessions: ONNX models made ready to run. */
import koffi from 'koffi';
import { type BoundRun, bindRun } from './bound-run.ts';
import { type Device, defaultDevice, useDevice } from './device.ts';
import { ortEnvironment } from './environment.ts';
import { disown, Handle, own } from './handle.ts';
import { check, ortLibrary, outPointer, type Pointer } from './library.ts';
import type { NativeTensor } from './native-tensor.ts';

const OPTIMIZATION_LEVELS = { none: 0, basic: 1, extended: 2, all: 99 } as const;

export interface SessionOptions {
  /** Graph optimisation; `all` when left out. */
  optimization?: keyof typeof OPTIMIZATION_LEVELS;
  /** Prefix of the file that ONNX Runtime's profiler writes when the session is disposed. */
  profilePath?: string;
  /** Where the session computes; BURNISH_DEVICE, or else `cpu`, when left out. Tensors lie in CPU memory all the same. */
  device?: Device;
  /** Runs keep to the thread that calls them, so that several can go on side by side; else they share the process's threads. */
  singleThread?: boolean;
  /** Session configuration entries, by ONNX Runtime's keys. */
  config?: Record<string, string>;
}

/** A model ready to run. Sessions share the process's threads and memory arena. */
export class Session {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  private readonly handle: Handle;
  private readonly device: Device;
  private disposed = false;

  private constructor(handle: Handle, device: Device) {
    this.handle = handle;
    this.device = device;
    own(this, handle);
    const { api } = ortLibrary();
    this.inputNames = readNames(handle.pointer, api.SessionGetInputCount, api.SessionGetInputName);
    this.outputNames = readNames(handle.pointer, api.SessionGetOutputCount, api.SessionGetOutputName);
  }

  /**
   * Makes a session of the bytes of an ONNX model, which may be freed afterwards. Takes milliseconds to tenths of
   * a second. Throws with ONNX Runtime's message when the model is refused.
   */
  static create(model: Uint8Array, options: SessionOptions = {}): Session {
    const { api } = ortLibrary();
    const env = ortEnvironment();
    const { device = defaultDevice() } = options;
    const nativeOptions = createOptions(options, device);
    try {
      const pointer = outPointer('load the model', (out) =>
        api.CreateSessionFromArray(env, model, model.byteLength, nativeOptions, out),
      );
      return new Session(new Handle(pointer, api.ReleaseSession), device);
    } finally {
      api.ReleaseSessionOptions(nativeOptions);
    }
  }

  /**
   * Fixes the tensors of a run, in the order of `inputNames` and `outputNames`. The same memory may be both input
   * and output where the operators that touch it allow that (in-place KV cache).
   */
  bind(inputs: readonly NativeTensor[], outputs: readonly NativeTensor[]): BoundRun {
    if (this.disposed) throw new Error('this session was disposed');
    const { handle, inputNames, outputNames } = this;
    const copies = this.device !== 'cpu';
    return bindRun({ handle, inputNames, outputNames, copies }, inputs, outputs);
  }

  /** Releases the session, or lets the last of its bound runs do it. */
  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    disown(this, this.handle);
  }
}

function createOptions(options: SessionOptions, device: Device): Pointer {
  const { api } = ortLibrary();
  const level = OPTIMIZATION_LEVELS[options.optimization ?? 'all'];
  const native = outPointer('create session options', (out) => api.CreateSessionOptions(out));
  try {
    if (options.singleThread) check(api.SetIntraOpNumThreads(native, 1), 'run on one thread');
    else check(api.DisablePerSessionThreads(native), 'share threads between sessions');
    check(api.SetSessionGraphOptimizationLevel(native, level), 'set the optimization level');
    // One block for a whole run would stand beside the pieces of the first run in the arena, and for every shape anew:
    // it was measured to double the memory, and to save no time.
    check(api.DisableMemPattern(native), 'allocate activations one by one');
    useDevice(native, device);
    if (options.profilePath !== undefined) {
      check(api.EnableProfiling(native, options.profilePath), `profile to ${options.profilePath}`);
    }
    const config = { 'session.use_env_allocators': '1', ...options.config };
    for (const [key, value] of Object.entries(config)) {
      check(api.AddSessionConfigEntry(native, key, value), `set ${key} to ${value}`);
    }
    return native;
  } catch (error) {
    api.ReleaseSessionOptions(native);
    throw error;
  }
}

function readNames(
  session: Pointer,
  getCount: (session: Pointer, out: BigUint64Array) => Pointer | null,
  getName: (session: Pointer, index: number, allocator: Pointer, out: BigUint64Array) => Pointer | null,
): string[] {
  const { api } = ortLibrary();
  const allocator = outPointer('find the allocator', (out) => api.GetAllocatorWithDefaultOptions(out));
  const count = Number(outPointer('count names', (out) => getCount(session, out)));
  return Array.from({ length: count }, (_, i) => {
    const text = outPointer('read a name', (out) => getName(session, i, allocator, out));
    const name: string = koffi.decode.string(text);
    check(api.AllocatorFree(allocator, text), 'free a name');
    return name;
  });
}
