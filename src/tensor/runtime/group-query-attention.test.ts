/**
 * What the sampler relies on of ONNX Runtime's GroupQueryAttention (CPU, f32): the cache is updated in place, and
 * rows may have different lengths. Each output is compared with attention written out over the row's own tokens.
 *
 * - Cache: [rows, kvHeads, capacity, headSize], past and present the same memory; what lies beyond a row's length is
 *   never read (it is NaN here). Cost follows the rows' lengths, not the capacity.
 * - `seqlens_k[row]` = tokens in the row after this step, minus 1. `total_sequence_length` must be at least the
 *   longest row; in decoding it may stay at the capacity.
 * - Prefill (S > 1 into empty rows): total_sequence_length = S exactly, rows padded on the right, seqlens_k counts
 *   the row's own tokens or the padding as well; later steps overwrite the padding.
 * - Several tokens after earlier ones (S > 1, total > S): one row at a time, over the row's slab of the cache.
 */
import { describe, expect, it } from 'vitest';
import { rng } from '../../random/index.ts';
import { encodeModel, NativeTensor, type OnnxValueInfo, Session } from './index.ts';

const HEADS = 4;
const KV_HEADS = 2;
const HEAD = 16;
const HALF = HEAD / 2;
const CAPACITY = 16;
const PADDING = 7;

type Stream = Float32Array[];

interface Row {
  /** Queries, keys and values by position, before rotation. */
  q: Stream;
  k: Stream;
  v: Stream;
}

interface Step {
  /** Columns of query, key and value. */
  width: number;
  /** Tokens already in each row. */
  past: number[];
  /** Tokens added to each row; the other columns are padding. */
  count: number[];
  /** `seqlens_k`; by default the length of each row afterwards, minus 1. */
  lengths?: number[];
  total: number;
}

const angle = (position: number, i: number): number => position / 10000 ** (i / HALF);

function cacheOf(fn: (x: number) => number) {
  const data = Float32Array.from({ length: CAPACITY * HALF }, (_, i) =>
    fn(angle(Math.floor(i / HALF), i % HALF)),
  );
  return { dtype: 'f32' as const, shape: [CAPACITY, HALF], data };
}

function attentionSession(rows: number, width: number): Session {
  const floats = (name: string, ...shape: number[]): OnnxValueInfo => ({ name, dtype: 'f32', shape });
  const cache = [rows, KV_HEADS, CAPACITY, HEAD];
  const model = encodeModel({
    nodes: [
      {
        opType: 'GroupQueryAttention',
        domain: 'com.microsoft',
        inputs: ['q', 'k', 'v', 'past_k', 'past_v', 'lengths', 'total', 'cos', 'sin'],
        outputs: ['out', 'present_k', 'present_v'],
        attributes: { num_heads: { i: HEADS }, kv_num_heads: { i: KV_HEADS }, do_rotary: { i: 1 } },
      },
    ],
    inputs: [
      floats('q', rows, width, HEADS * HEAD),
      floats('k', rows, width, KV_HEADS * HEAD),
      floats('v', rows, width, KV_HEADS * HEAD),
      floats('past_k', ...cache),
      floats('past_v', ...cache),
      { name: 'lengths', dtype: 'i32', shape: [rows] },
      { name: 'total', dtype: 'i32', shape: [] },
    ],
    outputs: [
      floats('out', rows, width, HEADS * HEAD),
      floats('present_k', ...cache),
      floats('present_v', ...cache),
    ],
    initializers: { cos: cacheOf(Math.cos), sin: cacheOf(Math.sin) },
  });
  return Session.create(model);
}

function randomRows(count: number): Row[] {
  const random = rng(11, 'group-query-attention');
  const stream = (width: number): Stream =>
    Array.from({ length: CAPACITY }, () => Float32Array.from({ length: width }, () => random.normal()));
  return Array.from({ length: count }, () => ({
    q: stream(HEADS * HEAD),
    k: stream(KV_HEADS * HEAD),
    v: stream(KV_HEADS * HEAD),
  }));
}

function head(vector: Float32Array, index: number): Float32Array {
  return vector.subarray(index * HEAD, (index + 1) * HEAD);
}

function rotate(x: Float32Array, position: number): number[] {
  return Array.from(x, (value, i) => {
    const [c, s] = [Math.cos(angle(position, i % HALF)), Math.sin(angle(position, i % HALF))];
    return i < HALF ? value * c - x[i + HALF] * s : value * c + x[i - HALF] * s;
  });
}

/** Attention of one position over all up to itself, written out. */
function attend(row: Row, position: number): number[] {
  const out: number[] = [];
  for (let h = 0; h < HEADS; h++) {
    const kv = Math.floor(h / (HEADS / KV_HEADS));
    const query = rotate(head(row.q[position], h), position);
    const weights = Array.from({ length: position + 1 }, (_, j) => {
      const key = rotate(head(row.k[j], kv), j);
      return Math.exp(query.reduce((sum, x, i) => sum + x * key[i], 0) / Math.sqrt(HEAD));
    });
    const norm = weights.reduce((a, b) => a + b);
    for (let i = 0; i < HEAD; i++) {
      out.push(weights.reduce((sum, w, j) => sum + (w / norm) * head(row.v[j], kv)[i], 0));
    }
  }
  return out;
}

class Cache {
  readonly rows: Row[];
  readonly key: NativeTensor;
  readonly value: NativeTensor;

  constructor(rows: Row[], key?: NativeTensor, value?: NativeTensor) {
    this.rows = rows;
    this.key = key ?? Cache.unwritten(rows.length);
    this.value = value ?? Cache.unwritten(rows.length);
  }

  private static unwritten(rows: number): NativeTensor {
    const tensor = NativeTensor.zeros('f32', [rows, KV_HEADS, CAPACITY, HEAD]);
    (tensor.data as Float32Array).fill(Number.NaN);
    return tensor;
  }

  /** The slab of one row as a cache of its own. */
  row(index: number): Cache {
    const size = KV_HEADS * CAPACITY * HEAD;
    const slab = (of: NativeTensor) => {
      const data = (of.data as Float32Array).subarray(index * size, (index + 1) * size);
      return NativeTensor.wrap(data, 'f32', [1, KV_HEADS, CAPACITY, HEAD]);
    };
    return new Cache([this.rows[index]], slab(this.key), slab(this.value));
  }

  /** Takes a step and returns the largest difference from attention written out (NaN when any value is NaN). */
  step({ width, past, count, lengths, total }: Step): number {
    const rows = this.rows.length;
    const columns = (size: number, stream: (row: Row) => Stream): NativeTensor => {
      const data = new Float32Array(rows * width * size).fill(PADDING);
      this.rows.forEach((row, b) => {
        for (let i = 0; i < count[b]; i++) data.set(stream(row)[past[b] + i], (b * width + i) * size);
      });
      return NativeTensor.wrap(data, 'f32', [rows, width, size]);
    };
    const inputs = [
      columns(HEADS * HEAD, (row) => row.q),
      columns(KV_HEADS * HEAD, (row) => row.k),
      columns(KV_HEADS * HEAD, (row) => row.v),
      this.key,
      this.value,
      NativeTensor.wrap(Int32Array.from(lengths ?? past.map((p, b) => p + count[b] - 1)), 'i32', [rows]),
      NativeTensor.wrap(Int32Array.of(total), 'i32', []),
    ];
    const out = NativeTensor.zeros('f32', [rows, width, HEADS * HEAD]);
    attentionSession(rows, width).bind(inputs, [out, this.key, this.value]).runSync();
    const differences = this.rows.flatMap((row, b) =>
      Array.from({ length: count[b] }, (_, i) => {
        const at = (b * width + i) * HEADS * HEAD;
        return attend(row, past[b] + i).map((x, j) => Math.abs(x - (out.data as Float32Array)[at + j]));
      }).flat(),
    );
    return Math.max(...differences);
  }
}

const TOLERANCE = 2e-6;

describe('GroupQueryAttention over a cache updated in place', () => {
  it('prefills rows of different lengths, padded on the right, then decodes them', () => {
    const cache = new Cache(randomRows(3));
    expect(cache.step({ width: 5, past: [0, 0, 0], count: [5, 3, 1], total: 5 })).toBeLessThan(TOLERANCE);
    expect(cache.step({ width: 1, past: [5, 3, 1], count: [1, 1, 1], total: 6 })).toBeLessThan(TOLERANCE);
    expect(cache.step({ width: 1, past: [6, 4, 2], count: [1, 1, 1], total: 7 })).toBeLessThan(TOLERANCE);
  });

  it('prefills with lengths that count the padding, which decoding overwrites', () => {
    const cache = new Cache(randomRows(2));
    const prefill = { width: 5, past: [0, 0], count: [5, 2], lengths: [4, 4], total: 5 };
    expect(cache.step(prefill)).toBeLessThan(TOLERANCE);
    for (let i = 0; i < 4; i++) {
      expect(cache.step({ width: 1, past: [5 + i, 2 + i], count: [1, 1], total: 6 + i })).toBeLessThan(
        TOLERANCE,
      );
    }
  });

  it('decodes with total_sequence_length held at the capacity, empty and restarted rows among the others', () => {
    const cache = new Cache(randomRows(2));
    expect(cache.step({ width: 1, past: [0, 0], count: [1, 1], total: CAPACITY })).toBeLessThan(TOLERANCE);
    expect(cache.step({ width: 1, past: [1, 1], count: [1, 1], total: CAPACITY })).toBeLessThan(TOLERANCE);
    expect(cache.step({ width: 1, past: [2, 0], count: [1, 1], total: CAPACITY })).toBeLessThan(TOLERANCE);
  });

  it('fills the cache to its last position', () => {
    const cache = new Cache(randomRows(2));
    const filled = { width: CAPACITY, past: [0, 0], count: [CAPACITY, 9], total: CAPACITY };
    expect(cache.step(filled)).toBeLessThan(TOLERANCE);
    const restarted = { width: CAPACITY - 1, past: [0, 0], count: [CAPACITY - 1, 3], total: CAPACITY - 1 };
    expect(cache.step(restarted)).toBeLessThan(TOLERANCE);
    expect(cache.step({ width: 1, past: [CAPACITY - 1, 3], count: [1, 1], total: CAPACITY })).toBeLessThan(
      TOLERANCE,
    );
  });

  it('adds several tokens to one row of a larger cache through its slab, padding counted', () => {
    const cache = new Cache(randomRows(2));
    expect(cache.step({ width: 4, past: [0, 0], count: [4, 3], total: 4 })).toBeLessThan(TOLERANCE);
    const turn = { width: 6, past: [3], count: [5], lengths: [8], total: 9 };
    expect(cache.row(1).step(turn)).toBeLessThan(TOLERANCE);
    expect(cache.step({ width: 1, past: [4, 8], count: [1, 1], total: 9 })).toBeLessThan(TOLERANCE);
  });

  it('refuses to add several tokens to several rows at once after earlier ones', () => {
    const cache = new Cache(randomRows(2));
    cache.step({ width: 4, past: [0, 0], count: [4, 4], total: 4 });
    expect(() => cache.step({ width: 2, past: [4, 4], count: [2, 2], total: 6 })).toThrow(
      /batch_size must be 1/,
    );
  });
});
