/** The sampler's key-value memory: one slot a row, every layer contiguous, so that rows can be filled, moved and dropped. */
import type { ModelConfig } from '../../nn/index.ts';
import { NativeTensor } from '../../tensor/index.ts';
import { nextPowerOfTwo } from './batching.ts';
import type { KnownLayer, KnownPrefix } from './prefixes.ts';

/** Capacities are multiples of this: each takes a program of its own, and growing copies what is there. */
const CAPACITY_STEP = 32;

/** Keys and values of one layer as tensors. */
export interface CacheTensors {
  key: NativeTensor;
  value: NativeTensor;
}

/**
 * Caches of all layers for `slots` rows, [slots, kvHeads, capacity, D] each without gaps. The capacity grows with the
 * longest row, within memory for `maxCapacity` tokens: decoding reads all of it.
 */
export class KeyValueCache {
  readonly slots: number;
  readonly maxCapacity: number;
  private readonly config: ModelConfig;
  private readonly layers: { key: Float32Array; value: Float32Array }[];
  private current: number;

  constructor(config: ModelConfig, slots: number, maxCapacity: number) {
    this.config = config;
    this.slots = slots;
    this.maxCapacity = maxCapacity;
    this.current = maxCapacity;
    const size = slots * this.slotSize;
    const allocate = () => NativeTensor.zeros('f32', [size]).data as Float32Array;
    this.layers = Array.from({ length: config.layers }, () => ({ key: allocate(), value: allocate() }));
  }

  /** Tokens that a slot holds at present. */
  get capacity(): number {
    return this.current;
  }

  /** Starts over, empty, with slots of at least `tokens` tokens. */
  reset(tokens: number): void {
    this.current = this.fitting(tokens);
    for (const { key, value } of this.layers)
      for (const memory of [key, value]) memory.fill(0, 0, this.slots * this.slotSize);
  }

  /**
   * Makes slots that hold `tokens` tokens; the first `rows` keep theirs. Larger ones than needed are kept until they are
   * twice as large.
   */
  fit(tokens: number, rows: number): void {
    const wanted = this.fitting(tokens);
    if (wanted > this.current || 2 * wanted <= this.current) this.resize(wanted, rows);
  }

  private resize(capacity: number, rows: number): void {
    const { headDim, kvHeads } = this.config;
    const [from, to] = [this.current * headDim, capacity * headDim];
    const lists = Array.from({ length: rows * kvHeads }, (_, i) => i);
    // Larger lists move behind where they were, so the last one first; smaller ones the other way.
    const order = to > from ? lists.reverse() : lists;
    for (const { key, value } of this.layers)
      for (const memory of [key, value]) {
        for (const list of order) {
          memory.copyWithin(list * to, list * from, list * from + Math.min(from, to));
          // Attention reads, with weight zero, what was never written: it must not be what another list left there.
          if (to > from) memory.fill(0, list * to + from, (list + 1) * to);
        }
      }
    this.current = capacity;
  }

  private fitting(tokens: number): number {
    return Math.min(this.maxCapacity, cacheCapacity(tokens));
  }

  /** Floats of one slot in one of the two memories of a layer. */
  private get slotSize(): number {
    return this.config.kvHeads * this.capacity * this.config.headDim;
  }

  /** Bytes that one slot of such a cache takes. */
  static slotBytes(config: ModelConfig, capacity: number): number {
    return 2 * 4 * config.layers * config.kvHeads * capacity * config.headDim;
  }

  /** The first `rows` slots of every layer as tensors [rows, kvHeads, capacity, D] over the same memory. */
  tensors(rows: number): CacheTensors[] {
    const { kvHeads, headDim } = this.config;
    const shape = [rows, kvHeads, this.capacity, headDim];
    const view = (memory: Float32Array) =>
      NativeTensor.wrap(memory.subarray(0, rows * this.slotSize), 'f32', shape);
    return this.layers.map(({ key, value }) => ({ key: view(key), value: view(value) }));
  }

  /**
   * Copies the first `length` tokens of row `row` of keys and values that were read [P, kvHeads, S, D] into a slot, from place `at`
   * of the slot on.
   */
  fill(slot: number, read: readonly CacheTensors[], row: number, at: number, length: number): void {
    const layers = read.map(({ key, value }) => ({
      key: key.data as Float32Array,
      value: value.data as Float32Array,
    }));
    this.write(slot, layers, row, read[0].key.shape[2], at, length);
  }

  /** Copies tokens that are known to the beginning of a slot. */
  fillKnown(slot: number, { known, length }: KnownPrefix): void {
    this.write(slot, known.layers, 0, known.tokens.length, 0, length);
  }

  /** A copy of the first `length` tokens of a slot, layer by layer. */
  take(slot: number, length: number): KnownLayer[] {
    const { kvHeads, headDim } = this.config;
    const copy = (memory: Float32Array) => {
      const values = new Float32Array(kvHeads * length * headDim);
      for (let head = 0; head < kvHeads; head++) {
        const from = (slot * kvHeads + head) * this.capacity * headDim;
        values.set(memory.subarray(from, from + length * headDim), head * length * headDim);
      }
      return values;
    };
    return this.layers.map(({ key, value }) => ({ key: copy(key), value: copy(value) }));
  }

  /** Copies the first `length` tokens of row `row` of rows of `width` tokens to place `at` of a slot. */
  private write(
    slot: number,
    source: readonly KnownLayer[],
    row: number,
    width: number,
    at: number,
    length: number,
  ): void {
    const { kvHeads, headDim } = this.config;
    source.forEach((layer, i) => {
      for (const part of ['key', 'value'] as const)
        for (let head = 0; head < kvHeads; head++) {
          const from = (row * kvHeads + head) * width * headDim;
          const to = ((slot * kvHeads + head) * this.capacity + at) * headDim;
          this.layers[i][part].set(layer[part].subarray(from, from + length * headDim), to);
        }
    });
  }

  /** Copies the first `length` tokens of a slot over another slot. */
  move(from: number, to: number, length: number): void {
    const { kvHeads, headDim } = this.config;
    const stride = this.capacity * headDim;
    for (const { key, value } of this.layers) {
      for (const memory of [key, value]) {
        for (let head = 0; head < kvHeads; head++) {
          const start = (from * kvHeads + head) * stride;
          memory.copyWithin((to * kvHeads + head) * stride, start, start + length * headDim);
        }
      }
    }
  }
}

/** A length for which a cache is made: at least `tokens`, by little enough, and one of few. */
export function cacheCapacity(tokens: number): number {
  const step = Math.max(CAPACITY_STEP, nextPowerOfTwo(tokens) / 16);
  return Math.ceil(tokens / step) * step;
}
