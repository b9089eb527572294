/** The sampler's key-value memory: one slot a row, every layer contiguous, so that rows can be filled, moved and dropped. */
import type { ModelConfig } from '../../nn/index.ts';
import { NativeTensor } from '../../tensor/index.ts';

/** Keys and values of one layer as tensors. */
export interface CacheTensors {
  key: NativeTensor;
  value: NativeTensor;
}

/** Caches of all layers for `slots` rows of at most `capacity` tokens, [slots, kvHeads, capacity, D] each. */
export class KeyValueCache {
  readonly slots: number;
  readonly capacity: number;
  private readonly config: ModelConfig;
  private readonly layers: { key: Float32Array; value: Float32Array }[];
  private readonly views = new Map<number, CacheTensors[]>();

  constructor(config: ModelConfig, slots: number, capacity: number) {
    this.config = config;
    this.slots = slots;
    this.capacity = capacity;
    const size = slots * this.slotSize;
    const allocate = () => NativeTensor.zeros('f32', [size]).data as Float32Array;
    this.layers = Array.from({ length: config.layers }, () => ({ key: allocate(), value: allocate() }));
  }

  /** Floats of one slot in one of the two memories of a layer. */
  private get slotSize(): number {
    return this.config.kvHeads * this.capacity * this.config.headDim;
  }

  /** Bytes that one slot of such a cache takes. */
  static slotBytes(config: ModelConfig, capacity: number): number {
    return 2 * 4 * config.layers * config.kvHeads * capacity * config.headDim;
  }

  /** The first `rows` slots of every layer as tensors, over the same memory. */
  tensors(rows: number): CacheTensors[] {
    let views = this.views.get(rows);
    if (!views) {
      const shape = [rows, this.config.kvHeads, this.capacity, this.config.headDim];
      const view = (memory: Float32Array) =>
        NativeTensor.wrap(memory.subarray(0, rows * this.slotSize), 'f32', shape);
      views = this.layers.map(({ key, value }) => ({ key: view(key), value: view(value) }));
      this.views.set(rows, views);
    }
    return views;
  }

  /** Copies the first `length` tokens of row `row` of prefilled keys and values [P, kvHeads, S, D] into a slot. */
  fill(slot: number, prefilled: readonly CacheTensors[], row: number, length: number): void {
    const { kvHeads, headDim } = this.config;
    const width = prefilled[0].key.shape[2];
    for (let layer = 0; layer < this.layers.length; layer++) {
      for (const part of ['key', 'value'] as const) {
        const source = prefilled[layer][part].data as Float32Array;
        const target = this.layers[layer][part];
        for (let head = 0; head < kvHeads; head++) {
          const from = (row * kvHeads + head) * width * headDim;
          const to = (slot * kvHeads + head) * this.capacity * headDim;
          target.set(source.subarray(from, from + length * headDim), to);
        }
      }
    }
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
