import { describe, expect, it } from 'vitest';
import {
  type AttributeValue,
  type DType,
  encodeModel,
  type NativeArray,
  NativeTensor,
  Session,
} from './index.ts';

/** Encodes and runs one node without tensor inputs and returns its output. */
function runNode(
  opType: string,
  attributes: Record<string, AttributeValue>,
  dtype: DType,
  shape: number[],
  initializers: Parameters<typeof encodeModel>[0]['initializers'] = {},
): (number | bigint)[] {
  const model = encodeModel({
    nodes: [{ opType, inputs: Object.keys(initializers), outputs: ['y'], attributes, name: 'n' }],
    inputs: [],
    outputs: [{ name: 'y', dtype, shape }],
    initializers,
  });
  const output = NativeTensor.zeros(dtype, shape);
  Session.create(model).bind([], [output]).runSync();
  return [...output.data];
}

const tensor = (dtype: DType, data: NativeArray) => ({ dtype, shape: [data.length], data });

describe('encodeModel', () => {
  const tensors: [DType, NativeArray][] = [
    ['f32', Float32Array.of(-1.5, 2)],
    ['f16', Uint16Array.of(0x3c00, 0x4000)],
    ['i32', Int32Array.of(-7, 8)],
    ['i64', BigInt64Array.of(-(2n ** 62n), 9n)],
    ['i8', Int8Array.of(-128, 127)],
    ['u8', Uint8Array.of(0, 255)],
    ['bool', Uint8Array.of(0, 1)],
  ];

  it.each(tensors)('writes tensors of %s as attribute and as initializer', (dtype, data) => {
    expect(runNode('Constant', { value: { t: tensor(dtype, data) } }, dtype, [2])).toEqual([...data]);
    expect(runNode('Identity', {}, dtype, [2], { w: tensor(dtype, data) })).toEqual([...data]);
  });

  it('writes a view of a larger buffer', () => {
    const view = Float32Array.of(0, 1, 2, 3).subarray(1, 3);
    expect(runNode('Identity', {}, 'f32', [2], { w: tensor('f32', view) })).toEqual([1, 2]);
  });

  it('writes scalar attributes and lists, zero and negative numbers and empty lists among them', () => {
    expect(runNode('Constant', { value_float: { f: -0.5 } }, 'f32', [])).toEqual([-0.5]);
    expect(runNode('Constant', { value_float: { f: 0 } }, 'f32', [])).toEqual([0]);
    expect(runNode('Constant', { value_int: { i: -3 } }, 'i64', [])).toEqual([-3n]);
    expect(runNode('Constant', { value_int: { i: 0 } }, 'i64', [])).toEqual([0n]);
    expect(runNode('Constant', { value_ints: { ints: [-(2 ** 40), 5] } }, 'i64', [2])).toEqual([
      -(2n ** 40n),
      5n,
    ]);
    expect(runNode('Constant', { value_floats: { floats: [1, 2.5] } }, 'f32', [2])).toEqual([1, 2.5]);
    expect(runNode('Constant', { value_ints: { ints: [] } }, 'i64', [0])).toEqual([]);
  });

  it('writes strings, and names the operators of ONNX Runtime by their domain', () => {
    const info = (name: string) => ({ name, dtype: 'f32' as const, shape: [2] });
    const model = encodeModel({
      nodes: [
        {
          opType: 'QuickGelu',
          domain: 'com.microsoft',
          inputs: ['x'],
          outputs: ['a'],
          attributes: { alpha: { f: 1 } },
        },
        { opType: 'Gelu', inputs: ['x'], outputs: ['b'], attributes: { approximate: { s: 'tanh' } } },
      ],
      inputs: [info('x')],
      outputs: [info('a'), info('b')],
      initializers: {},
    });
    const [x, a, b] = [Float32Array.of(-1, 2), new Float32Array(2), new Float32Array(2)];
    const wrap = (data: Float32Array) => NativeTensor.wrap(data, 'f32', [2]);
    Session.create(model)
      .bind([wrap(x)], [wrap(a), wrap(b)])
      .runSync();
    for (const [i, v] of x.entries()) {
      expect(a[i]).toBeCloseTo(v / (1 + Math.exp(-v)), 6);
      expect(b[i]).toBeCloseTo(
        0.5 * v * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (v + 0.044715 * v ** 3))),
        6,
      );
    }
  });

  it('refuses data that does not fit its shape', () => {
    const initializers = { w: { dtype: 'f32' as const, shape: [3], data: new Float32Array(2) } };
    expect(() => encodeModel({ nodes: [], inputs: [], outputs: [], initializers })).toThrow(
      /must have 12 bytes, got 8/,
    );
  });
});
