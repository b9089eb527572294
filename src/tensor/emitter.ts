/** Writes the ONNX nodes of one program, sharing equal constants. */
import type { AttributeValue, Device, DType, NativeArray, OnnxNode, OnnxTensor } from './runtime/index.ts';

const MICROSOFT = 'com.microsoft';

/** Collects nodes and initializers; primitives call it from their `emit` rule. */
export class Emitter {
  /** Where the program will run: kernels differ in what they can do. */
  readonly device: Device;
  readonly nodes: OnnxNode[] = [];
  readonly initializers: Record<string, OnnxTensor> = {};
  private readonly shared = new Map<string, string>();
  private count = 0;

  constructor(device: Device) {
    this.device = device;
  }

  /** Adds a node with `outputs` outputs (empty names in `inputs` mean "absent"); returns the output names. */
  nodeN(
    opType: string,
    inputs: readonly string[],
    outputs: number,
    attributes: Record<string, AttributeValue> = {},
    domain = '',
  ): string[] {
    const names = Array.from({ length: outputs }, () => `t${this.count++}`);
    this.nodes.push({ opType, domain, inputs: [...inputs], outputs: names, attributes });
    return names;
  }

  /** Adds a standard ONNX node with one output. */
  node(opType: string, inputs: readonly string[], attributes: Record<string, AttributeValue> = {}): string {
    return this.nodeN(opType, inputs, 1, attributes)[0];
  }

  /** Adds a node of ONNX Runtime's own operator set with one output. */
  contrib(
    opType: string,
    inputs: readonly string[],
    attributes: Record<string, AttributeValue> = {},
  ): string {
    return this.nodeN(opType, inputs, 1, attributes, MICROSOFT)[0];
  }

  /** Adds a node of ONNX Runtime's own operator set with several outputs. */
  contribN(
    opType: string,
    inputs: readonly string[],
    outputs: number,
    attributes: Record<string, AttributeValue> = {},
  ): string[] {
    return this.nodeN(opType, inputs, outputs, attributes, MICROSOFT);
  }

  /** An initializer; small equal ones are stored once. */
  constant(dtype: DType, shape: readonly number[], data: NativeArray): string {
    const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    const key = data.length <= 16 ? `${dtype}|${shape.join(',')}|${bytes.toString('hex')}` : undefined;
    const known = key === undefined ? undefined : this.shared.get(key);
    if (known !== undefined) return known;
    const name = `c${this.count++}`;
    this.initializers[name] = { dtype, shape, data };
    if (key !== undefined) this.shared.set(key, name);
    return name;
  }

  /** A one-dimensional int64 initializer: axes, shapes, starts and ends. */
  ints(values: readonly number[]): string {
    return this.constant('i64', [values.length], BigInt64Array.from(values, BigInt));
  }
}
