/**
 * The one ONNX Runtime environment of a process: its thread pool and its shared memory arena.
 *
 * Denormal numbers are kept. Flushing them to zero could be asked of the pool's threads only, not of the thread
 * that calls a run and does a share of its work, so results would depend on which thread took which part.
 */
import { check, ortLibrary, outPointer, type Pointer } from './library.ts';
import { checkThreads, defaultThreads, idleThreadsSpin } from './threads.ts';

// Failures come back as a status and become an Error; printing them as well would only be noise.
const LOG_FATAL = 4;
const DEVICE_ALLOCATOR = 0;
const ARENA_ALLOCATOR = 1;
const DEFAULT_MEMORY = 0;

interface Environment {
  readonly env: Pointer;
  readonly threads: number;
}

let requestedThreads: number | undefined;
let created: Environment | undefined;
let memoryInfo: Pointer | undefined;

/**
 * Chooses the number of threads that all sessions share (at least 1). Takes precedence over BURNISH_THREADS.
 * Throws when a session has been created already.
 */
export function configureRuntime(options: { threads?: number }): void {
  if (options.threads === undefined) return;
  const threads = checkThreads('threads', options.threads);
  if (created !== undefined && created.threads !== threads) {
    throw new Error(`threads cannot change from ${created.threads} to ${threads} after the first session`);
  }
  requestedThreads = threads;
}

/** Version of ONNX Runtime and the number of threads that runs share. */
export function runtimeInfo(): { version: string; threads: number } {
  return { version: ortLibrary().version, threads: created?.threads ?? requestedThreads ?? defaultThreads() };
}

/** The environment, created on the first call and kept until the process ends. */
export function ortEnvironment(): Pointer {
  created ??= createEnvironment(requestedThreads ?? defaultThreads());
  return created.env;
}

/** Describes plain CPU memory to ONNX Runtime. */
export function cpuMemoryInfo(): Pointer {
  const { api } = ortLibrary();
  memoryInfo ??= outPointer('describe CPU memory', (out) =>
    api.CreateCpuMemoryInfo(DEVICE_ALLOCATOR, DEFAULT_MEMORY, out),
  );
  return memoryInfo;
}

function createEnvironment(threads: number): Environment {
  const { api } = ortLibrary();
  const options = outPointer('create threading options', (out) => api.CreateThreadingOptions(out));
  try {
    check(api.SetGlobalIntraOpNumThreads(options, threads), 'set the number of threads');
    check(api.SetGlobalInterOpNumThreads(options, 1), 'set the number of inter-op threads');
    check(api.SetGlobalSpinControl(options, idleThreadsSpin() ? 1 : 0), 'choose what idle threads do');
    const env = outPointer('create an environment', (out) =>
      api.CreateEnvWithGlobalThreadPools(LOG_FATAL, 'burnish', options, out),
    );
    registerArena(env);
    return { env, threads };
  } finally {
    api.ReleaseThreadingOptions(options);
  }
}

/** Gives the environment an arena that sessions with `session.use_env_allocators` take their activations from. */
function registerArena(env: Pointer): void {
  const { api } = ortLibrary();
  const arena = outPointer('describe the arena', (out) =>
    api.CreateCpuMemoryInfo(ARENA_ALLOCATOR, DEFAULT_MEMORY, out),
  );
  try {
    check(api.CreateAndRegisterAllocator(env, arena, null), 'share an arena between sessions');
  } finally {
    api.ReleaseMemoryInfo(arena);
  }
}
