/** All parameters of a model, with gradients and moments for the trainable ones, in one flat f32 memory. */
import { bindKernels, type Kernels } from './kernels/kernels.ts';
import { allocateMemory, MAX_MEMORY_BYTES } from './kernels/wasm.ts';

/** Every tensor starts at a multiple of this many floats (64 bytes). */
const ALIGNMENT = 16;
const FLOAT_BYTES = 4;

/** One parameter tensor to make room for. */
export interface ArenaEntry {
  name: string;
  shape: readonly number[];
  /** Gets gradient and moments; default true. */
  trainable?: boolean;
  /** Weight decay applies; default: tensors of two or more dimensions, so not biases, norms and scales. */
  decay?: boolean;
}

/** An entry as laid out. */
export interface ArenaSlot {
  readonly name: string;
  readonly shape: readonly number[];
  /** Number of floats. */
  readonly size: number;
  readonly trainable: boolean;
  readonly decay: boolean;
  /** First float of a trainable tensor within each region; -1 for a frozen one. */
  readonly offset: number;
}

/** A run of trainable floats that share their weight decay; padding included, so multiples of 16 floats. */
export interface ArenaSpan {
  readonly offset: number;
  readonly length: number;
  readonly decay: boolean;
}

/** Byte offsets of the regions in the arena's WebAssembly memory. */
export interface ArenaPointers {
  readonly parameters: number;
  readonly gradients: number;
  readonly m: number;
  readonly v: number;
}

/** The first and second moments of AdamW, each laid out like the parameters. */
export interface Moments {
  readonly m: Float32Array;
  readonly v: Float32Array;
}

/**
 * Trainable tensors live in a WebAssembly memory of fixed size as four regions of one layout (parameters,
 * gradients, m, v), 16 bytes a parameter; frozen tensors live outside it, 4 bytes a parameter. Views are made once
 * and stay valid for the arena's life, off the JavaScript heap, so native code may keep their addresses. Padding
 * between tensors is 0 and stays 0.
 */
export class ParameterArena {
  /** Entries in the order given. */
  readonly slots: readonly ArenaSlot[];
  /** Trainable runs of equal decay, in order, covering the regions without a gap. */
  readonly spans: readonly ArenaSpan[];
  /** Trainable parameters of all tensors, padding included: one copy is a snapshot. */
  readonly trainableParameters: Float32Array;
  /** Gradients, laid out like `trainableParameters`. */
  readonly gradients: Float32Array;
  readonly moments: Moments;
  readonly pointers: ArenaPointers;
  /** Kernels that work on the regions in place. */
  readonly kernels: Kernels;
  private readonly byName = new Map<string, ArenaSlot>();
  private readonly parameterViews = new Map<string, Float32Array>();
  private readonly gradientViews = new Map<string, Float32Array>();

  /** See `createArena`. */
  constructor(entries: readonly ArenaEntry[], shared?: ParameterArena) {
    const layout = layOut(entries);
    this.slots = layout.slots;
    this.spans = layout.spans;
    const regionBytes = layout.floats * FLOAT_BYTES;
    if (4 * regionBytes > MAX_MEMORY_BYTES) {
      throw new RangeError(
        `arena: ${layout.floats} trainable floats need ${4 * regionBytes} bytes with gradients and moments, ` +
          `expected at most ${MAX_MEMORY_BYTES}; train fewer parameters (LoRA) or use another engine`,
      );
    }
    const memory = allocateMemory(4 * regionBytes);
    const region = (index: number) =>
      new Float32Array(memory.buffer, index * regionBytes, regionBytes / FLOAT_BYTES);
    this.trainableParameters = region(0);
    this.gradients = region(1);
    this.moments = { m: region(2), v: region(3) };
    this.pointers = { parameters: 0, gradients: regionBytes, m: 2 * regionBytes, v: 3 * regionBytes };
    this.kernels = bindKernels(memory);
    for (const slot of this.slots) {
      const end = slot.offset + slot.size;
      this.byName.set(slot.name, slot);
      // An explicit ArrayBuffer: `new Float32Array(n)` may place short arrays on the JavaScript heap.
      this.parameterViews.set(
        slot.name,
        slot.trainable
          ? this.trainableParameters.subarray(slot.offset, end)
          : (shared?.parameter(slot.name) ?? new Float32Array(new ArrayBuffer(slot.size * FLOAT_BYTES))),
      );
      if (slot.trainable) this.gradientViews.set(slot.name, this.gradients.subarray(slot.offset, end));
    }
  }

  /** Number of parameters, padding not counted. */
  get parameterCount(): number {
    return this.slots.reduce((sum, slot) => sum + slot.size, 0);
  }

  /** Number of trainable parameters, padding not counted. */
  get trainableCount(): number {
    return this.slots.reduce((sum, slot) => sum + (slot.trainable ? slot.size : 0), 0);
  }

  has(name: string): boolean {
    return this.byName.has(name);
  }

  /** The layout of a tensor. Throws when there is none of that name. */
  slot(name: string): ArenaSlot {
    const slot = this.byName.get(name);
    if (slot === undefined) throw new Error(`arena: no parameter named '${name}'`);
    return slot;
  }

  /** The values of a tensor, row-major: the same view at every call. Throws when there is none of that name. */
  parameter(name: string): Float32Array {
    return this.parameterViews.get(this.slot(name).name)!;
  }

  /** The gradient of a tensor: the same view at every call. Throws when it is frozen or unknown. */
  gradient(name: string): Float32Array {
    const view = this.gradientViews.get(this.slot(name).name);
    if (view === undefined) throw new Error(`arena: parameter '${name}' is frozen and has no gradient`);
    return view;
  }

  /**
   * Where to put a tensor that is being loaded (`allocate` of `readCheckpoint`): its view, or undefined when the
   * arena has no such tensor. Throws when the shapes differ.
   */
  destination(name: string, shape: readonly number[]): Float32Array | undefined {
    const slot = this.byName.get(name);
    if (slot === undefined) return undefined;
    if (slot.shape.length !== shape.length || slot.shape.some((n, i) => n !== shape[i])) {
      throw new Error(`tensor '${name}' has shape [${shape}], expected [${slot.shape}]`);
    }
    return this.parameter(name);
  }

  /** Copies the values of `names` (default: every tensor of this arena) from another arena or a map. */
  copyFrom(
    source: ParameterArena | ReadonlyMap<string, Float32Array>,
    names: Iterable<string> = this.byName.keys(),
  ): void {
    for (const name of names) {
      const target = this.parameter(name);
      const values = source instanceof ParameterArena ? source.parameter(name) : source.get(name);
      if (values === undefined) throw new Error(`copyFrom: the source has no parameter '${name}'`);
      if (values.length !== target.length) {
        throw new Error(`copyFrom: '${name}' has ${values.length} values, expected ${target.length}`);
      }
      target.set(values);
    }
  }

  /** Sets every gradient to 0. */
  zeroGradients(): void {
    this.kernels.zero(this.pointers.gradients, this.gradients.length);
  }
}

/**
 * Room for the given tensors, all zero; but frozen tensors lie in the memory of `shared`, if it is given: an arena of the
 * same entries. Throws a RangeError for a repeated name, a shape with anything but positive
 * integers, or trainable tensors beyond the 4 GiB of a WebAssembly memory (268 million parameters).
 */
export function createArena(entries: readonly ArenaEntry[], shared?: ParameterArena): ParameterArena {
  return new ParameterArena(entries, shared);
}

function layOut(entries: readonly ArenaEntry[]): { slots: ArenaSlot[]; spans: ArenaSpan[]; floats: number } {
  const slots: ArenaSlot[] = [];
  const spans: ArenaSpan[] = [];
  const seen = new Set<string>();
  let floats = 0;
  for (const { name, shape, trainable = true, decay = shape.length >= 2 } of entries) {
    if (seen.has(name)) throw new RangeError(`arena: parameter '${name}' is given twice`);
    seen.add(name);
    if (!shape.every((n) => Number.isInteger(n) && n > 0)) {
      throw new RangeError(`arena: shape of '${name}' is [${shape}], expected positive integers`);
    }
    const size = shape.reduce((product, n) => product * n, 1);
    slots.push({ name, shape: [...shape], size, trainable, decay, offset: trainable ? floats : -1 });
    if (!trainable) continue;
    const length = Math.ceil(size / ALIGNMENT) * ALIGNMENT;
    const last = spans.at(-1);
    if (last !== undefined && last.decay === decay) {
      spans[spans.length - 1] = { ...last, length: last.length + length };
    } else {
      spans.push({ offset: floats, length, decay });
    }
    floats += length;
  }
  return { slots, spans, floats };
}
