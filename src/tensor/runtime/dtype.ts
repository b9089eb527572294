/** Element types of tensors: their size, their JavaScript array and their ONNX number. */

/** Element type: floats, signed and unsigned integers, and booleans stored one byte each. */
export type DType = 'f32' | 'f16' | 'i32' | 'i64' | 'i8' | 'u8' | 'bool';

/** The JavaScript arrays that can hold tensor data; `f16` is kept as raw bits in a Uint16Array. */
export type NativeArray = Float32Array | Uint16Array | Int32Array | BigInt64Array | Int8Array | Uint8Array;

type NativeArrayConstructor = {
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): NativeArray;
  readonly name: string;
};

interface DTypeInfo {
  /** Bytes of one element. */
  readonly bytes: number;
  readonly array: NativeArrayConstructor;
  /** The number of this type in TensorProto.DataType, which ONNX Runtime's C enumeration shares. */
  readonly onnx: number;
}

const DTYPES: Readonly<Record<DType, DTypeInfo>> = {
  f32: { bytes: 4, array: Float32Array, onnx: 1 },
  u8: { bytes: 1, array: Uint8Array, onnx: 2 },
  i8: { bytes: 1, array: Int8Array, onnx: 3 },
  i32: { bytes: 4, array: Int32Array, onnx: 6 },
  i64: { bytes: 8, array: BigInt64Array, onnx: 7 },
  bool: { bytes: 1, array: Uint8Array, onnx: 9 },
  f16: { bytes: 2, array: Uint16Array, onnx: 10 },
};

/** Looks up an element type; throws a RangeError that lists the known ones. */
export function dtypeInfo(dtype: DType): DTypeInfo {
  const info = Object.hasOwn(DTYPES, dtype) ? DTYPES[dtype] : undefined;
  if (info === undefined) {
    throw new RangeError(`dtype ${String(dtype)} is not one of ${Object.keys(DTYPES).join(', ')}`);
  }
  return info;
}

/** Number of elements of a shape (1 for a scalar); throws on a negative or fractional dimension. */
export function elementCount(shape: readonly number[]): number {
  let count = 1;
  for (const size of shape) {
    if (!Number.isSafeInteger(size) || size < 0) {
      throw new RangeError(
        `shape [${shape.join(', ')}] has a dimension that is not a whole number from 0 up`,
      );
    }
    count *= size;
  }
  return count;
}

/** Throws unless `data` is the array class of `dtype` and has exactly the elements of `shape`. */
export function checkData(data: NativeArray, dtype: DType, shape: readonly number[]): void {
  const info = dtypeInfo(dtype);
  if (!(data instanceof info.array)) {
    const given = Object.prototype.toString.call(data).slice(8, -1);
    throw new TypeError(`${dtype} data must be a ${info.array.name}, got ${given}`);
  }
  const expected = elementCount(shape) * info.bytes;
  if (data.byteLength !== expected) {
    throw new RangeError(
      `${dtype} data of shape [${shape.join(', ')}] must have ${expected} bytes, got ${data.byteLength}`,
    );
  }
}
