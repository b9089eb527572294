/** Tensors over memory that JavaScript owns and that ONNX Runtime reads and writes in place. */
import koffi from 'koffi';
import { checkData, type DType, dtypeInfo, elementCount, type NativeArray } from './dtype.ts';
import { cpuMemoryInfo } from './environment.ts';
import { disown, Handle, own } from './handle.ts';
import { ortLibrary, outPointer } from './library.ts';

const ALIGNMENT = 64;

/**
 * An ONNX Runtime tensor over memory that JavaScript owns; no copy.
 *
 * The memory must stay where it is while the tensor lives: a buffer that is transferred or resized, or the
 * buffer of a non-shared WebAssembly.Memory that grows, leaves the tensor pointing at freed memory.
 */
export class NativeTensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: NativeArray;
  private handle: Handle | undefined;
  private disposed = false;

  private constructor(data: NativeArray, dtype: DType, shape: readonly number[]) {
    this.data = data;
    this.dtype = dtype;
    this.shape = Object.freeze([...shape]);
  }

  /**
   * Makes a tensor of existing data without copying it. `data` may view an ArrayBuffer, a SharedArrayBuffer or
   * the buffer of a WebAssembly.Memory, at any offset. Throws when its class or byte length does not fit.
   */
  static wrap(data: NativeArray, dtype: DType, shape: readonly number[]): NativeTensor {
    checkData(data, dtype, shape);
    // Asking for the buffer moves a small array off the JavaScript heap, where its address would not be stable.
    const buffer = data.buffer as ArrayBuffer & { resizable?: boolean; growable?: boolean };
    if (buffer.resizable === true || buffer.growable === true) {
      throw new TypeError(`a tensor of shape [${shape.join(', ')}] cannot view a resizable buffer`);
    }
    return new NativeTensor(data, dtype, shape);
  }

  /** A tensor of zeros in fresh memory off the JavaScript heap, aligned to 64 bytes. */
  static zeros(dtype: DType, shape: readonly number[]): NativeTensor {
    const { bytes, array } = dtypeInfo(dtype);
    const count = elementCount(shape);
    const buffer = new ArrayBuffer(count * bytes + ALIGNMENT);
    const misaligned = Number(koffi.address(new Uint8Array(buffer)) % BigInt(ALIGNMENT));
    return new NativeTensor(new array(buffer, (ALIGNMENT - misaligned) % ALIGNMENT, count), dtype, shape);
  }

  /** Another tensor over the same memory; throws unless the element counts agree. */
  reshape(shape: readonly number[]): NativeTensor {
    if (elementCount(shape) !== this.data.length) {
      throw new RangeError(`cannot reshape [${this.shape.join(', ')}] to [${shape.join(', ')}]`);
    }
    return new NativeTensor(this.data, this.dtype, shape);
  }

  /** The OrtValue, made on first use; the caller that keeps it must retain it. */
  native(): Handle {
    if (this.disposed) throw new Error(`tensor of shape [${this.shape.join(', ')}] was disposed`);
    if (this.handle === undefined) {
      this.handle = createValue(this.data, this.dtype, this.shape);
      own(this, this.handle);
    }
    return this.handle;
  }

  /** Lets go of the OrtValue (bound runs that use it keep it); the data stays readable. */
  dispose(): void {
    this.disposed = true;
    if (this.handle !== undefined) disown(this, this.handle);
    this.handle = undefined;
  }
}

function createValue(data: NativeArray, dtype: DType, shape: readonly number[]): Handle {
  const { api } = ortLibrary();
  const dims = BigInt64Array.from(shape.length === 0 ? [0n] : shape.map(BigInt));
  // An empty buffer has no address, and ONNX Runtime wants one.
  const memory = data.byteLength === 0 ? new Uint8Array(ALIGNMENT) : data;
  const pointer = outPointer(`make a ${dtype} tensor of shape [${shape.join(', ')}]`, (out) =>
    api.CreateTensorWithDataAsOrtValue(
      cpuMemoryInfo(),
      memory,
      data.byteLength,
      dims,
      shape.length,
      dtypeInfo(dtype).onnx,
      out,
    ),
  );
  return new Handle(pointer, api.ReleaseValue);
}
