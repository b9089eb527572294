import koffi from 'koffi';
import { describe, expect, it } from 'vitest';
import { encodeModel, NativeTensor, Session } from './index.ts';

/** Doubles four floats on ONNX Runtime, to see that it reads and writes the memory it was given. */
function double(input: NativeTensor, output: NativeTensor): void {
  const info = (name: string) => ({ name, dtype: 'f32' as const, shape: [4] });
  const model = encodeModel({
    nodes: [{ opType: 'Add', inputs: ['x', 'x'], outputs: ['y'] }],
    inputs: [info('x')],
    outputs: [info('y')],
    initializers: {},
  });
  Session.create(model).bind([input], [output]).runSync();
}

// The compiler's libraries do not declare WebAssembly for Node.
function wasmMemory(descriptor: { initial: number; maximum?: number; shared?: boolean }): ArrayBufferLike {
  const { Memory } = Reflect.get(globalThis, 'WebAssembly') as {
    Memory: new (_: typeof descriptor) => { buffer: ArrayBufferLike };
  };
  return new Memory(descriptor).buffer;
}

const memories: [string, () => Float32Array][] = [
  ['an ArrayBuffer', () => new Float32Array(4)],
  ['a part of an ArrayBuffer', () => new Float32Array(new ArrayBuffer(1000), 20, 4)],
  ['a SharedArrayBuffer', () => new Float32Array(new SharedArrayBuffer(64), 8, 4)],
  ['a WebAssembly.Memory', () => new Float32Array(wasmMemory({ initial: 1 }), 16, 4)],
  [
    'a shared WebAssembly.Memory',
    () => new Float32Array(wasmMemory({ initial: 1, maximum: 2, shared: true }), 16, 4),
  ],
];

describe('NativeTensor', () => {
  it.each(memories)('reads and writes %s in place', (_, make) => {
    const [x, y] = [make(), make()];
    x.set([1, 2, 3, 4]);
    double(NativeTensor.wrap(x, 'f32', [4]), NativeTensor.wrap(y, 'f32', [4]));
    expect([...y]).toEqual([2, 4, 6, 8]);
  });

  it('checks class, byte length and shape', () => {
    const data = new Float32Array(6);
    expect(() => NativeTensor.wrap(data, 'i32', [6])).toThrow(
      'i32 data must be a Int32Array, got Float32Array',
    );
    expect(() => NativeTensor.wrap(data, 'f32', [2, 2])).toThrow(/shape \[2, 2\] must have 16 bytes, got 24/);
    expect(() => NativeTensor.wrap(data, 'f32', [-6])).toThrow(/whole number/);
    expect(() => NativeTensor.wrap(data, 'f64' as 'f32', [6])).toThrow(/dtype f64 is not one of f32/);
  });

  it('refuses memory that may move', () => {
    const resizable = Reflect.construct(SharedArrayBuffer, [16, { maxByteLength: 32 }]);
    expect(() => NativeTensor.wrap(new Float32Array(resizable, 0, 4), 'f32', [4])).toThrow(/resizable/);
  });

  it('makes zeros aligned to 64 bytes, of every type and of no elements', () => {
    for (const dtype of ['f32', 'f16', 'i32', 'i64', 'i8', 'u8', 'bool'] as const) {
      const tensor = NativeTensor.zeros(dtype, [3, 1]);
      expect(tensor.data.length).toBe(3);
      expect(Number(tensor.data[2])).toBe(0);
      expect(koffi.address(tensor.data) % 64n).toBe(0n);
    }
    expect(NativeTensor.zeros('f32', []).data.length).toBe(1);
    expect(NativeTensor.zeros('f32', [2, 0]).data.length).toBe(0);
  });

  it('reshapes over the same memory', () => {
    const flat = NativeTensor.zeros('f32', [2, 2]);
    const x = flat.reshape([4]);
    expect(x.data).toBe(flat.data);
    x.data.set([1, 2, 3, 4] as never);
    const y = NativeTensor.zeros('f32', [2, 2]);
    double(x, y.reshape([4]));
    expect([...y.data]).toEqual([2, 4, 6, 8]);
    expect(() => flat.reshape([3])).toThrow('cannot reshape [2, 2] to [3]');
  });
});
