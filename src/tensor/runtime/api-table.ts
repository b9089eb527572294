/**
 * Positions and signatures of the ONNX Runtime C API functions that Burnish calls.
 *
 * `OrtApi` (onnxruntime_c_api.h) is a table of function pointers; releases only ever append to it, so a position
 * is fixed for ever. `status` functions return an `OrtStatus*` that is null on success.
 */

/** Version of the table asked for: new enough for every function below (ONNX Runtime 1.14). */
export const API_VERSION = 14;

/** Kinds of C arguments: a pointer, a 32-bit int, a size_t, a UTF-8 string, a path in the system's encoding. */
export type ArgumentKind = 'pointer' | 'int' | 'size' | 'string' | 'path';

export interface ApiEntry {
  readonly index: number;
  readonly result: 'status' | 'string' | 'void';
  readonly args: readonly ArgumentKind[];
}

const status = (index: number, ...args: ArgumentKind[]) => ({ index, result: 'status' as const, args });
const release = (index: number) => ({ index, result: 'void' as const, args: ['pointer' as const] });

export const API_TABLE = {
  // (status) → message owned by the status
  GetErrorMessage: { index: 2, result: 'string', args: ['pointer'] },
  // (env, model bytes, length, session options, out session)
  CreateSessionFromArray: status(8, 'pointer', 'pointer', 'size', 'pointer', 'pointer'),
  // (out options)
  CreateSessionOptions: status(10, 'pointer'),
  // (options, file name prefix)
  EnableProfiling: status(14, 'pointer', 'path'),
  // (options)
  DisableMemPattern: status(17, 'pointer'),
  // (options, GraphOptimizationLevel)
  SetSessionGraphOptimizationLevel: status(23, 'pointer', 'int'),
  // (options, thread count)
  SetIntraOpNumThreads: status(24, 'pointer', 'int'),
  // (session, out count)
  SessionGetInputCount: status(30, 'pointer', 'pointer'),
  SessionGetOutputCount: status(31, 'pointer', 'pointer'),
  // (session, index, allocator, out name allocated by the allocator)
  SessionGetInputName: status(36, 'pointer', 'size', 'pointer', 'pointer'),
  SessionGetOutputName: status(37, 'pointer', 'size', 'pointer', 'pointer'),
  // (memory info, data, byte length, shape, rank, element type, out value)
  CreateTensorWithDataAsOrtValue: status(
    49,
    'pointer',
    'pointer',
    'size',
    'pointer',
    'size',
    'int',
    'pointer',
  ),
  // (OrtAllocatorType, OrtMemType, out memory info)
  CreateCpuMemoryInfo: status(69, 'int', 'int', 'pointer'),
  // (allocator, memory)
  AllocatorFree: status(76, 'pointer', 'pointer'),
  // (out allocator, never to be freed)
  GetAllocatorWithDefaultOptions: status(78, 'pointer'),
  ReleaseStatus: release(93),
  ReleaseMemoryInfo: release(94),
  ReleaseSession: release(95),
  ReleaseValue: release(96),
  ReleaseSessionOptions: release(100),
  // (log severity, log name, threading options, out env)
  CreateEnvWithGlobalThreadPools: status(119, 'int', 'string', 'pointer', 'pointer'),
  // (session options)
  DisablePerSessionThreads: status(120, 'pointer'),
  // (out threading options)
  CreateThreadingOptions: status(121, 'pointer'),
  ReleaseThreadingOptions: release(122),
  // (session options, key, value)
  AddSessionConfigEntry: status(130, 'pointer', 'string', 'string'),
  // (session, run options or null, binding)
  RunWithBinding: status(133, 'pointer', 'pointer', 'pointer'),
  // (session, out binding)
  CreateIoBinding: status(134, 'pointer', 'pointer'),
  ReleaseIoBinding: release(135),
  // (binding, name, value)
  BindInput: status(136, 'pointer', 'string', 'pointer'),
  BindOutput: status(137, 'pointer', 'string', 'pointer'),
  // (env, memory info, arena configuration)
  CreateAndRegisterAllocator: status(144, 'pointer', 'pointer', 'pointer'),
  // (threading options, thread count)
  SetGlobalIntraOpNumThreads: status(147, 'pointer', 'int'),
  SetGlobalInterOpNumThreads: status(148, 'pointer', 'int'),
  // (threading options, 0: idle threads sleep, 1: they spin for a while)
  SetGlobalSpinControl: status(149, 'pointer', 'int'),
  // (session options, provider's name, option names, option values, number of options)
  SessionOptionsAppendExecutionProvider: status(216, 'pointer', 'string', 'pointer', 'pointer', 'size'),
} as const satisfies Record<string, ApiEntry>;

export type ApiName = keyof typeof API_TABLE;
