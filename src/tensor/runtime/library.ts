/** Finds the ONNX Runtime shared library, loads it through koffi and turns its C API table into functions. */
import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import koffi from 'koffi';
import { API_TABLE, API_VERSION, type ApiEntry, type ApiName, type ArgumentKind } from './api-table.ts';

/** An address in native memory. */
export type Pointer = bigint;

/** What a C argument may be given as; a typed array stands for the address of its first element. */
export type CArgument = Pointer | number | string | null | ArrayBufferView;

type StatusFunction = ((...args: CArgument[]) => Pointer | null) & {
  async: (...args: [...CArgument[], (error: Error | null, status: Pointer | null) => void]) => void;
};

type ApiFunction<Name extends ApiName> = (typeof API_TABLE)[Name]['result'] extends 'status'
  ? StatusFunction
  : (typeof API_TABLE)[Name]['result'] extends 'string'
    ? (argument: Pointer) => string
    : (argument: Pointer) => void;

export type OrtApi = { readonly [Name in ApiName]: ApiFunction<Name> };

/** A loaded ONNX Runtime. */
export interface OrtLibrary {
  readonly api: OrtApi;
  readonly version: string;
  /** Held so that koffi does not unload the library while its functions are in use. */
  readonly handle: ReturnType<typeof koffi.load>;
}

const LIBRARY_NAMES: Readonly<Record<string, string>> = {
  linux: 'libonnxruntime.so.1',
  darwin: 'libonnxruntime.1.dylib',
  win32: 'onnxruntime.dll',
};

// koffi runs C code on a stack of its own. Its default of 128 KiB for asynchronous calls leaves little room beside
// the packed panels of 64 KiB that matrix kernels keep there. It can only be set before koffi's first library.
export const STACK_BYTES = 8 * 1024 * 1024;

let loaded: OrtLibrary | undefined;

/** The ONNX Runtime of this process; loads it on the first call. Throws when this platform has no library. */
export function ortLibrary(): OrtLibrary {
  loaded ??= loadLibrary(libraryPath());
  return loaded;
}

/** Path of the shared library that `onnxruntime-node` ships for this platform and architecture. */
export function libraryPath(): string {
  const packageFile = createRequire(import.meta.url).resolve('onnxruntime-node/package.json');
  const bin = join(dirname(packageFile), 'bin');
  const name = LIBRARY_NAMES[process.platform];
  const candidates = name === undefined ? [] : readdirSync(bin).map((abi) => platformFile(bin, abi, name));
  const found = candidates.find((path) => existsSync(path));
  if (found === undefined) {
    throw new Error(`onnxruntime-node has no library for ${process.platform}/${process.arch} in ${bin}`);
  }
  return found;
}

function platformFile(bin: string, abi: string, name: string): string {
  return join(bin, abi, process.platform, process.arch, name);
}

function loadLibrary(path: string): OrtLibrary {
  const { sync_stack_size = 0, async_stack_size = 0 } = koffi.config();
  if (Math.min(sync_stack_size, async_stack_size) < STACK_BYTES) {
    koffi.config({ sync_stack_size: STACK_BYTES, async_stack_size: STACK_BYTES });
  }
  const handle = koffi.load(path);
  const base: Pointer = handle.func('OrtGetApiBase', 'void *', [])();
  const [getApi, getVersion]: Pointer[] = koffi.decode(base, koffi.array('void *', 2));
  const version: string = koffi.decode(getVersion, koffi.proto('str', []))();
  const table: Pointer | null = koffi.decode(getApi, koffi.proto('void *', ['uint32']))(API_VERSION);
  if (table === null) {
    throw new Error(`ONNX Runtime ${version} at ${path} does not offer C API version ${API_VERSION}`);
  }
  const last = Math.max(...Object.values(API_TABLE).map((entry) => entry.index));
  const pointers: Pointer[] = koffi.decode(table, koffi.array('void *', last + 1));
  const functions = Object.entries(API_TABLE).map(([name, entry]) => [
    name,
    koffi.decode(pointers[entry.index], prototype(entry)),
  ]);
  return { api: Object.fromEntries(functions) as OrtApi, version, handle };
}

function prototype(entry: ApiEntry): ReturnType<typeof koffi.proto> {
  const result = { status: 'void *', string: 'str', void: 'void' }[entry.result];
  return koffi.proto(result, entry.args.map(cType));
}

function cType(kind: ArgumentKind): string {
  if (kind === 'path') return process.platform === 'win32' ? 'str16' : 'str';
  return { pointer: 'void *', int: 'int', size: 'size_t', string: 'str' }[kind];
}

/** Throws an Error with ONNX Runtime's message when a C call did not succeed, and releases the status. */
export function check(status: Pointer | null, action: string): void {
  if (status !== null) throw statusError(status, action);
}

/** Turns a failed status into an Error and releases it. */
export function statusError(status: Pointer, action: string): Error {
  const { api } = ortLibrary();
  const message = api.GetErrorMessage(status);
  api.ReleaseStatus(status);
  return new Error(`ONNX Runtime could not ${action}: ${message}`);
}

/** Calls a C function whose last argument receives a pointer, and returns that pointer. */
export function outPointer(action: string, call: (out: BigUint64Array) => Pointer | null): Pointer {
  const out = new BigUint64Array(1);
  check(call(out), action);
  return out[0];
}
