/** The little of the WebAssembly API that Burnish uses, typed (Node's types leave it to the browser's library). */

/** A linear memory. Never grown here, so views of `buffer` stay valid for good. */
export interface WasmMemory {
  readonly buffer: ArrayBuffer;
}

interface WebAssemblyApi {
  Memory: new (pages: { initial: number; maximum: number }) => WasmMemory;
  Module: new (bytes: Uint8Array) => object;
  Instance: new (
    module: object,
    imports: Record<string, Record<string, unknown>>,
  ) => { exports: Record<string, unknown> };
}

export const wasm: WebAssemblyApi = (globalThis as unknown as { WebAssembly: WebAssemblyApi }).WebAssembly;

const PAGE_BYTES = 65_536;

/** Most bytes that a 32-bit WebAssembly memory can hold: 4 GiB. */
export const MAX_MEMORY_BYTES = 65_536 * PAGE_BYTES;

/** A zeroed memory of at least `bytes` bytes, of fixed size. Throws a RangeError when the system cannot reserve it. */
export function allocateMemory(bytes: number): WasmMemory {
  const pages = Math.ceil(bytes / PAGE_BYTES);
  return new wasm.Memory({ initial: pages, maximum: pages });
}
