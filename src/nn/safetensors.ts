/** Reading and writing safetensors files: F32, F16 and BF16 in the file, f32 in memory. */
import { type FileHandle, open } from 'node:fs/promises';
import { writeAtomically } from '../files/index.ts';
import { bf16ToF32Bits, f16ToF32Bits, f32BitsToBf16, f32BitsToF16 } from './float-formats.ts';
import {
  dtypeBytes,
  encodeHeader,
  MAX_HEADER_BYTES,
  parseHeader,
  type SafetensorsDtype,
  type SafetensorsHeader,
} from './safetensors-header.ts';

/** A tensor as read: `dtype` is the type in the file, `data` its values in row-major order. */
export interface SafetensorsTensor {
  dtype: SafetensorsDtype;
  shape: number[];
  data: Float32Array;
}

/**
 * Chooses where a tensor goes: a view of exactly its number of elements, which is filled in place, or undefined to
 * skip it.
 */
export type Allocate = (name: string, shape: readonly number[]) => Float32Array | undefined;

export interface WriteSafetensorsOptions {
  /** Element type in the file; default 'F32'. */
  dtype?: SafetensorsDtype;
  /** Strings kept in the header; default `{ format: 'pt' }`, which older transformers insist on. */
  metadata?: Readonly<Record<string, string>>;
}

/** Bytes moved by one system call; also the most scratch space that a conversion takes. */
const CHUNK_BYTES = 1 << 22;

const allocateNew: Allocate = (_name, shape) =>
  new Float32Array(shape.reduce((product, n) => product * n, 1));

/** The checked header of a safetensors file. Throws an Error naming the file when it is malformed or cut short. */
export async function readSafetensorsHeader(path: string): Promise<SafetensorsHeader> {
  return await withFile(path, async (file) => (await readHeader(file, path)).header);
}

/**
 * Reads the tensors of a file, F16 and BF16 converted to f32 exactly, in the order of their data. F32 is read
 * straight into what `allocate` returns (default: a new array), the others by way of a few megabytes of scratch.
 * Throws an Error naming the file, and the tensor where it is one tensor's fault: malformed or cut short, a dtype
 * other than F32, F16 and BF16 on a tensor that is not skipped, a destination of the wrong length.
 */
export async function readSafetensors(
  path: string,
  { allocate = allocateNew }: { allocate?: Allocate } = {},
): Promise<Map<string, SafetensorsTensor>> {
  return await withFile(path, async (file) => {
    const { header, dataStart } = await readHeader(file, path);
    const tensors = new Map<string, SafetensorsTensor>();
    for (const [name, entry] of header.tensors) {
      const data = allocate(name, entry.shape);
      if (data === undefined) continue;
      const { dtype, shape } = entry;
      if (!isReadable(dtype)) {
        throw new Error(`${path}: tensor '${name}' has dtype ${dtype}, expected F32, F16 or BF16`);
      }
      const length = (entry.end - entry.begin) / dtypeBytes(dtype);
      if (data.length !== length) {
        throw new Error(
          `${path}: tensor '${name}' has ${length} values, its destination has room for ${data.length}`,
        );
      }
      await readTensor(file, dataStart + entry.begin, dtype, data, path);
      tensors.set(name, { dtype, shape, data });
    }
    return tensors;
  });
}

/**
 * Writes tensors to one file, sorted by name, to a temporary name that is flushed and renamed. Rounds to the nearest,
 * ties to even. Throws an Error naming the tensor when its data does not fit its shape or a finite value would
 * become infinite in `dtype`, and one naming the file when it cannot be written; an earlier file then stays.
 */
export async function writeSafetensors(
  path: string,
  tensors: ReadonlyMap<string, { shape: readonly number[]; data: Float32Array }>,
  { dtype = 'F32', metadata = { format: 'pt' } }: WriteSafetensorsOptions = {},
): Promise<void> {
  const sorted = [...tensors].map(([name, { shape, data }]) => ({ name, shape, data }));
  sorted.sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)));
  for (const { name, shape, data } of sorted) {
    const size = shape.reduce((product, n) => product * n, 1);
    if (data.length !== size || name === '__metadata__') {
      throw new Error(
        name === '__metadata__'
          ? `${path}: '__metadata__' is the name of a tensor, expected any other`
          : `${path}: tensor '${name}' of shape [${shape}] has ${data.length} values, expected ${size}`,
      );
    }
  }
  await writeAtomically(path, async (file) => {
    await writeFully(file, encodeHeader(sorted, dtype, metadata));
    for (const { name, data } of sorted) await writeTensor(file, name, dtype, data);
  });
}

function isReadable(dtype: string): dtype is SafetensorsDtype {
  return dtype === 'F32' || dtype === 'F16' || dtype === 'BF16';
}

async function withFile<T>(path: string, use: (file: FileHandle) => Promise<T>): Promise<T> {
  const file = await open(path, 'r');
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}

async function readHeader(file: FileHandle, path: string) {
  const { size } = await file.stat();
  if (size < 8) throw new Error(`${path}: ${size} bytes long, too short for a safetensors file`);
  const prefix = Buffer.alloc(8);
  await readFully(file, prefix, 0, path);
  const length = Number(prefix.readBigUInt64LE(0));
  if (length > MAX_HEADER_BYTES) {
    throw new Error(
      `${path}: header length is ${length}, expected at most ${MAX_HEADER_BYTES}: not a safetensors file?`,
    );
  }
  const dataStart = 8 + length;
  if (dataStart > size) {
    throw new Error(`${path}: header length is ${length}, but the file ends after ${size - 8} more bytes`);
  }
  const json = Buffer.alloc(length);
  await readFully(file, json, 8, path);
  return { header: parseHeader(json.toString('utf8'), size - dataStart, path), dataStart };
}

async function readTensor(
  file: FileHandle,
  position: number,
  dtype: SafetensorsDtype,
  data: Float32Array,
  path: string,
): Promise<void> {
  if (dtype === 'F32') {
    await readFully(file, bytesOf(data), position, path);
    return;
  }
  const toBits = dtype === 'F16' ? f16ToF32Bits : bf16ToF32Bits;
  const bits = new Uint32Array(data.buffer, data.byteOffset, data.length);
  const scratch = new Uint16Array(Math.min(CHUNK_BYTES / 2, data.length));
  for (let done = 0; done < data.length; ) {
    const part = scratch.subarray(0, data.length - done);
    await readFully(file, bytesOf(part), position + 2 * done, path);
    for (let i = 0; i < part.length; i++) bits[done + i] = toBits(part[i]);
    done += part.length;
  }
}

async function writeTensor(
  file: FileHandle,
  name: string,
  dtype: SafetensorsDtype,
  data: Float32Array,
): Promise<void> {
  if (dtype === 'F32') {
    await writeFully(file, bytesOf(data));
    return;
  }
  const toHalf = dtype === 'F16' ? f32BitsToF16 : f32BitsToBf16;
  const infinity = dtype === 'F16' ? 0x7c00 : 0x7f80;
  const bits = new Uint32Array(data.buffer, data.byteOffset, data.length);
  const scratch = new Uint16Array(Math.min(CHUNK_BYTES / 2, data.length));
  for (let done = 0; done < data.length; ) {
    const part = scratch.subarray(0, data.length - done);
    for (let i = 0; i < part.length; i++) {
      part[i] = toHalf(bits[done + i]);
      if ((part[i] & 0x7fff) === infinity && Number.isFinite(data[done + i])) {
        throw new Error(
          `tensor '${name}' has the value ${data[done + i]} at index ${done + i}, beyond the range of ${dtype}`,
        );
      }
    }
    await writeFully(file, bytesOf(part));
    done += part.length;
  }
}

/** The bytes of an array in memory order, which is the file's little-endian order on every processor that ONNX Runtime ships for. */
function bytesOf(data: Float32Array | Uint16Array): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

async function readFully(
  file: FileHandle,
  target: Uint8Array,
  position: number,
  path: string,
): Promise<void> {
  for (let done = 0; done < target.length; ) {
    const length = Math.min(CHUNK_BYTES, target.length - done);
    const { bytesRead } = await file.read(target, done, length, position + done);
    if (bytesRead === 0) throw new Error(`${path}: ended at byte ${position + done}: it is cut short`);
    done += bytesRead;
  }
}

async function writeFully(file: FileHandle, source: Uint8Array): Promise<void> {
  for (let done = 0; done < source.length; ) {
    const length = Math.min(CHUNK_BYTES, source.length - done);
    done += (await file.write(source, done, length)).bytesWritten;
  }
}
