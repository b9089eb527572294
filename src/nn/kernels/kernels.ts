/** The SIMD kernels of kernels.as, bound to one WebAssembly memory. */
import { KERNELS_WASM } from './kernels-wasm.ts';
import { type WasmMemory, wasm } from './wasm.ts';

/** Pointers are byte offsets into the memory, multiples of 16; counts `n` are in floats, multiples of 16. */
export interface Kernels {
  /** Sum of squares of n floats, accumulated in f64; NaN or infinite when any of them is. */
  sumOfSquares(x: number, n: number): number;
  /**
   * One AdamW step over n parameters `p` with gradients `g` and moments `m` and `v`, in place. Scalars as in
   * kernels.as: decay = 1 - lr * weightDecay, lerp = 1 - beta1, lambda = 1 - beta2, stepSize = lr / (1 - beta1^t),
   * correction = sqrt(1 - beta2^t).
   */
  adamw(
    p: number,
    g: number,
    m: number,
    v: number,
    n: number,
    gradScale: number,
    decay: number,
    lerp: number,
    beta2: number,
    lambda: number,
    stepSize: number,
    correction: number,
    epsilon: number,
  ): void;
  /** Sets n floats to 0. */
  zero(x: number, n: number): void;
}

let compiled: object | undefined;

/** The kernels on the given memory. The module is compiled once a process. */
export function bindKernels(memory: WasmMemory): Kernels {
  compiled ??= new wasm.Module(Buffer.from(KERNELS_WASM, 'base64'));
  const instance = new wasm.Instance(compiled, { env: { memory } });
  return instance.exports as unknown as Kernels;
}
