/** Writes ONNX models: plain descriptions of graphs to the bytes of a ModelProto. */
import protobuf from 'protobufjs';
import { checkData, type DType, dtypeInfo, type NativeArray } from './dtype.ts';
import { ONNX_SCHEMA } from './onnx-schema.ts';

/** The version of the ai.onnx operators that models are written in. */
export const ONNX_OPSET = 21;
/** Operators that came later, and with which version: models that have one are written in that. */
const LATER_OPERATORS: Readonly<Record<string, number>> = { TensorScatter: 24 };
const MICROSOFT_DOMAIN = 'com.microsoft';
const IR_VERSION = 10;

export type AttributeValue =
  | { i: number }
  | { f: number }
  | { s: string }
  | { ints: readonly number[] }
  | { floats: readonly number[] }
  | { t: OnnxTensor };

export interface OnnxNode {
  opType: string;
  /** Empty or absent for ai.onnx; `com.microsoft` for ONNX Runtime's own operators. */
  domain?: string;
  /** Names of values; an empty string skips an optional input. */
  inputs: string[];
  outputs: string[];
  attributes?: Record<string, AttributeValue>;
  name?: string;
}

export interface OnnxTensor {
  dtype: DType;
  shape: readonly number[];
  data: NativeArray;
}

export interface OnnxValueInfo {
  name: string;
  dtype: DType;
  shape: readonly number[];
}

export interface OnnxModel {
  /** In topological order. */
  nodes: OnnxNode[];
  inputs: OnnxValueInfo[];
  outputs: OnnxValueInfo[];
  initializers: Record<string, OnnxTensor>;
}

const ModelProto = protobuf.Root.fromJSON(ONNX_SCHEMA).lookupType('onnx.ModelProto');

// AttributeProto.AttributeType
const ATTRIBUTE_TYPES = { f: 1, i: 2, s: 3, t: 4, floats: 6, ints: 7 } as const;

/** Encodes a model. Throws when a tensor's data does not fit its type and shape. */
export function encodeModel(model: OnnxModel): Uint8Array {
  const versions = model.nodes.map(({ opType }) => LATER_OPERATORS[opType] ?? ONNX_OPSET);
  return ModelProto.encode({
    irVersion: IR_VERSION,
    producerName: 'burnish',
    opsetImport: [
      { domain: '', version: versions.reduce((most, version) => Math.max(most, version), ONNX_OPSET) },
      { domain: MICROSOFT_DOMAIN, version: 1 },
    ],
    graph: {
      name: 'graph',
      node: model.nodes.map(nodeProto),
      initializer: Object.entries(model.initializers).map(([name, tensor]) => tensorProto(tensor, name)),
      input: model.inputs.map(valueInfoProto),
      output: model.outputs.map(valueInfoProto),
    },
  }).finish();
}

function nodeProto(node: OnnxNode): object {
  return {
    input: node.inputs,
    output: node.outputs,
    name: node.name ?? '',
    opType: node.opType,
    domain: node.domain ?? '',
    attribute: Object.entries(node.attributes ?? {}).map(([name, value]) => attributeProto(name, value)),
  };
}

function attributeProto(name: string, value: AttributeValue): object {
  if ('t' in value) return { name, type: ATTRIBUTE_TYPES.t, t: tensorProto(value.t, '') };
  if ('s' in value) return { name, type: ATTRIBUTE_TYPES.s, s: Buffer.from(value.s, 'utf8') };
  if ('i' in value) return { name, type: ATTRIBUTE_TYPES.i, i: value.i };
  if ('f' in value) return { name, type: ATTRIBUTE_TYPES.f, f: value.f };
  if ('ints' in value) return { name, type: ATTRIBUTE_TYPES.ints, ints: value.ints };
  return { name, type: ATTRIBUTE_TYPES.floats, floats: value.floats };
}

function tensorProto(tensor: OnnxTensor, name: string): object {
  const { dtype, shape, data } = tensor;
  checkData(data, dtype, shape);
  const rawData = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return { dims: shape, dataType: dtypeInfo(dtype).onnx, name, rawData };
}

function valueInfoProto(value: OnnxValueInfo): object {
  const dim = value.shape.map((size) => ({ dimValue: size }));
  const tensorType = { elemType: dtypeInfo(value.dtype).onnx, shape: { dim } };
  return { name: value.name, type: { tensorType } };
}
