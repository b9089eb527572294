/** Compiled array programs: a traced function, written as ONNX and run on native memory. */
import { Emitter } from './emitter.ts';
import { topologicalOrder } from './gradients.ts';
import { input } from './primitives/constant.ts';
import {
  type BoundRun,
  defaultDevice,
  encodeModel,
  NativeTensor,
  type OnnxNode,
  Session,
  type SessionOptions,
} from './runtime/index.ts';
import { ShapeError, sameShape, show } from './shape.ts';
import { type Node, type Spec, spec, Tensor } from './tensor.ts';
import { type Tree, treeEntries, treeLeaves, treeMap, treeUnflatten } from './tree.ts';

/** A function over traced arrays, from one tree to another. */
export type ArrayFunction<In extends Tree<Tensor>, Out extends Tree<Tensor>> = (inputs: In) => Out;

interface Port extends Spec {
  path: string;
}

/** A compiled program: fixed input and output types, run as often as wanted on any memory of those types. */
export class Program {
  /** In order; `path` is the place in the input tree. */
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  readonly outputTree: Tree<Spec>;
  /** Number of ONNX nodes. */
  readonly nodeCount: number;
  private readonly session: Session;

  constructor(session: Session, inputs: readonly Port[], outputTree: Tree<Tensor>, nodeCount: number) {
    this.session = session;
    this.inputs = inputs;
    this.outputTree = treeMap(outputTree as Tree<Tensor>, (x) => spec(x.dtype, x.shape));
    this.outputs = treeEntries<Spec>(outputTree).map(([path, { dtype, shape }]) => ({ path, dtype, shape }));
    this.nodeCount = nodeCount;
  }

  /**
   * Fixes the memory of a run; the run itself allocates nothing. Trees have the shape of the traced function's.
   * The same memory may be an input and an output (an accumulator, a cache) when nothing else in the program reads
   * that input, and the operation that makes the output works in place: elementwise ones, `writeRows`, a sum
   * with a product. This is not checked; another reader may see the new values.
   * Throws a ShapeError naming the path when a tensor's type or shape is not the program's.
   */
  bind(inputs: Tree<NativeTensor>, outputs: Tree<NativeTensor>): BoundRun {
    return this.session.bind(match('input', this.inputs, inputs), match('output', this.outputs, outputs));
  }

  /** Fresh memory for the outputs. */
  allocateOutputs(): Tree<NativeTensor> {
    return treeUnflatten(
      this.outputTree,
      this.outputs.map(({ dtype, shape }) => NativeTensor.zeros(dtype, shape)),
    );
  }

  dispose(): void {
    this.session.dispose();
  }
}

function match(role: string, ports: readonly Port[], tree: Tree<NativeTensor>): NativeTensor[] {
  const entries = treeEntries(tree);
  if (entries.length > ports.length) {
    const known = new Set(ports.map(({ path }) => path));
    const [path] = entries.find(([path]) => !known.has(path)) ?? entries[ports.length];
    throw new ShapeError(`${role} ${path}: the program has no such array`);
  }
  if (entries.length < ports.length) {
    const given = new Set(entries.map(([path]) => path));
    const port = ports.find(({ path }) => !given.has(path)) ?? ports[entries.length];
    throw new ShapeError(
      `${role} ${port.path}: missing, the program has it as ${port.dtype}${show(port.shape)}`,
    );
  }
  return ports.map((port, i) => {
    const [path, value] = entries[i];
    if (path !== port.path || value.dtype !== port.dtype || !sameShape(value.shape, port.shape))
      throw new ShapeError(
        `${role} ${path}: got ${value.dtype}${show(value.shape)}, the program has ${port.path} as ${port.dtype}${show(port.shape)}`,
      );
    return value;
  });
}

/** The arrays that a node's kernel reads. */
function reads(node: Node): readonly Tensor[] {
  return node.primitive.reads?.(node.inputs) ?? node.inputs;
}

export interface CompileOptions extends SessionOptions {
  /**
   * Inputs whose values are part of the program, by path: they are no inputs of it any more, and what their memory holds later
   * does not count. Products with them are faster, compiling takes longer.
   */
  constants?: Readonly<Record<string, NativeTensor>>;
}

/**
 * Traces `fn` on arrays of the given types and compiles it. Tracing runs `fn` once; shape mistakes are thrown there.
 * Throws a TypeError naming the path when a leaf of `specs` was not made by `spec`, or an output is no traced array.
 */
export function compile<In extends Tree<Tensor>, Out extends Tree<Tensor>>(
  fn: ArrayFunction<In, Out>,
  specs: Tree<Spec>,
  { constants = {}, ...options }: CompileOptions = {},
): Program {
  const specEntries = treeEntries(specs);
  for (const [path, leaf] of specEntries)
    if (typeof leaf !== 'object' || leaf === null || !Array.isArray(leaf.shape))
      throw new TypeError(`input ${path}: got ${String(leaf)}, expected spec(type, shape)`);
  const placeholders = specEntries.map(([path, spec]) => input(spec, path));
  const outputTree = fn(treeUnflatten(specs, placeholders) as In);
  const outputs = treeLeaves<Tensor>(outputTree);
  for (const [path, leaf] of treeEntries<unknown>(outputTree))
    if (!(leaf instanceof Tensor))
      throw new TypeError(`output ${path}: got ${String(leaf)}, expected a traced array`);

  const emitter = new Emitter(options.device ?? defaultDevice());
  const names = new Map<Tensor, string>();
  const ports: Port[] = [];
  specEntries.forEach(([path, { dtype, shape }], i) => {
    const value = constants[path];
    if (value === undefined) names.set(placeholders[i], `in${ports.push({ path, dtype, shape }) - 1}`);
    else if (value.dtype === dtype && sameShape(value.shape, shape))
      names.set(placeholders[i], emitter.constant(dtype, shape, value.data));
    else
      throw new ShapeError(
        `constant ${path}: got ${value.dtype}${show(value.shape)}, expected ${dtype}${show(shape)}`,
      );
  });
  for (const node of topologicalOrder(outputs, reads)) {
    if (node.outputs.length === 1 && names.has(node.outputs[0])) continue;
    const emitted = node.primitive.emit(
      emitter,
      reads(node).map((x) => names.get(x) as string),
      node,
    );
    node.outputs.forEach((x, i) => {
      names.set(x, emitted[i]);
    });
  }
  const nodes = nameOutputs(
    emitter.nodes,
    outputs.map((x) => names.get(x) as string),
  );
  const model = encodeModel({
    nodes,
    inputs: ports.map(({ dtype, shape }, i) => ({ name: `in${i}`, dtype, shape })),
    outputs: outputs.map((x, i) => ({ name: `out${i}`, dtype: x.dtype, shape: x.shape })),
    initializers: emitter.initializers,
  });
  return new Program(Session.create(model, options), ports, outputTree, nodes.length);
}

/**
 * Renames what nodes make to `out0`, `out1`, … where an output asks for it, so that it is written to the caller's memory
 * at once. An output that is asked for twice, or that is an input or a constant itself, is copied.
 */
function nameOutputs(nodes: readonly OnnxNode[], wanted: readonly string[]): OnnxNode[] {
  const made = new Set(nodes.flatMap((node) => node.outputs));
  const renamed = new Map<string, string>();
  const copies: OnnxNode[] = [];
  wanted.forEach((name, i) => {
    if (made.has(name) && !renamed.has(name)) renamed.set(name, `out${i}`);
    else copies.push({ opType: 'Identity', inputs: [name], outputs: [`out${i}`] });
  });
  const rename = (name: string) => renamed.get(name) ?? name;
  return [...nodes, ...copies].map((node) => ({
    ...node,
    inputs: node.inputs.map(rename),
    outputs: node.outputs.map(rename),
  }));
}

/** A compiled function called with arrays, compiled anew for each set of shapes it meets. */
export interface Jitted {
  (inputs: Tree<NativeTensor>): Promise<Tree<NativeTensor>>;
  /** Number of distinct shapes compiled so far. */
  readonly compiled: number;
}

/** Wraps a traced function for direct calls: one program for each set of input types, kept for the next call. */
export function jit<In extends Tree<Tensor>, Out extends Tree<Tensor>>(fn: ArrayFunction<In, Out>): Jitted {
  const programs = new Map<string, Program>();
  const call = async (inputs: Tree<NativeTensor>) => {
    const specs = treeMap(inputs, (x) => spec(x.dtype, x.shape));
    const key = JSON.stringify(specs);
    let program = programs.get(key);
    if (!program) {
      program = compile(fn, specs);
      programs.set(key, program);
    }
    const outputs = program.allocateOutputs();
    const run = program.bind(inputs, outputs);
    await run.run();
    run.dispose();
    return outputs;
  };
  return Object.defineProperty(call, 'compiled', { get: () => programs.size }) as Jitted;
}

/** A float32 native array with a copy of the values. */
export function array(values: ArrayLike<number>, shape: readonly number[]): NativeTensor {
  const out = NativeTensor.zeros('f32', shape);
  (out.data as Float32Array).set(values);
  return out;
}

/** An int32 native array with a copy of the values. */
export function intArray(values: ArrayLike<number>, shape: readonly number[]): NativeTensor {
  const out = NativeTensor.zeros('i32', shape);
  (out.data as Int32Array).set(values);
  return out;
}
