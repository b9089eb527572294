/** Traced arrays: nodes of an array program, each made by a primitive from a table of rules. */
import type { Emitter } from './emitter.ts';
import type { DType } from './runtime/index.ts';
import { type Shape, ShapeError } from './shape.ts';

/** Type and shape of one array. */
export interface Spec {
  readonly dtype: DType;
  readonly shape: Shape;
}

class ArraySpec implements Spec {
  readonly dtype: DType;
  readonly shape: Shape;
  constructor(dtype: DType, shape: Shape) {
    this.dtype = dtype;
    this.shape = [...shape];
  }
}

/** The type and shape of an array, as a leaf of a tree. */
export function spec(dtype: DType, shape: Shape): Spec {
  return new ArraySpec(dtype, shape);
}

/** An array that a program will compute; immutable. Made only by primitives. */
export class Tensor implements Spec {
  readonly node: Node;
  /** Which output of its node. */
  readonly index: number;
  readonly dtype: DType;
  readonly shape: Shape;
  constructor(node: Node, index: number, spec: Spec) {
    this.node = node;
    this.index = index;
    this.dtype = spec.dtype;
    this.shape = spec.shape;
  }
}

/** One application of a primitive. */
export class Node<A = unknown> {
  readonly primitive: Primitive<A>;
  readonly inputs: readonly Tensor[];
  readonly attributes: A;
  readonly outputs: readonly Tensor[];
  constructor(primitive: Primitive<A>, inputs: readonly Tensor[], attributes: A, specs: readonly Spec[]) {
    this.primitive = primitive;
    this.inputs = inputs;
    this.attributes = attributes;
    this.outputs = specs.map((spec, i) => new Tensor(this as Node, i, spec));
  }
}

/** One operation: how it infers shapes and how it is written in ONNX. Its gradient rule is in gradients.ts. */
export interface Primitive<A = unknown> {
  readonly name: string;
  /** Types and shapes of the outputs. Throws a ShapeError when the inputs do not fit. */
  infer(inputs: readonly Tensor[], attributes: A): Spec[];
  /** Writes the ONNX nodes; returns one name an output. */
  emit(emitter: Emitter, inputs: readonly string[], node: Node<A>): string[];
  /**
   * What the written kernel reads in place of the node's inputs, one for one: a kernel that broadcasts by itself
   * skips an explicit broadcast. Left out, it reads the inputs.
   */
  reads?(inputs: readonly Tensor[]): readonly Tensor[];
}

const table = new Map<string, Primitive<never>>();

/** Registers a primitive and returns it. Throws when the name is taken. */
export function definePrimitive<A>(primitive: Primitive<A>): Primitive<A> {
  if (table.has(primitive.name)) throw new Error(`primitive ${primitive.name} is defined twice`);
  table.set(primitive.name, primitive as Primitive<never>);
  return primitive;
}

/** Names of all primitives: the gradient tests walk this list. */
export function primitiveNames(): string[] {
  return [...table.keys()];
}

/** Applies a primitive; all outputs. */
export function applyAll<A>(
  primitive: Primitive<A>,
  inputs: readonly Tensor[],
  attributes: A,
): readonly Tensor[] {
  return new Node(primitive, inputs, attributes, primitive.infer(inputs, attributes)).outputs;
}

/** Applies a primitive with one output. */
export function apply<A>(primitive: Primitive<A>, inputs: readonly Tensor[], attributes: A): Tensor {
  return applyAll(primitive, inputs, attributes)[0];
}

/** Throws a ShapeError unless the tensor has one of the types. */
export function expectType(operation: string, tensor: Tensor, ...types: DType[]): void {
  if (!types.includes(tensor.dtype))
    throw new ShapeError(
      `${operation}: got an array of type ${tensor.dtype} and shape [${tensor.shape.join(',')}], expected ${types.join(' or ')}`,
    );
}
