/** Rows decoded together: prompts are read once, finished rows leave, and others join between two tokens. */
import type { ModelWeights } from '../../nn/index.ts';
import {
  type BoundRun,
  intArray,
  NativeTensor,
  type Program,
  runTogether,
  type Tree,
  treeMap,
} from '../../tensor/index.ts';
import { batchRows } from './batching.ts';
import { type CacheTensors, cacheCapacity, KeyValueCache } from './cache.ts';
import { Int8Weights } from './int8-weights.ts';
import { sharingOf } from './lanes.ts';
import type { NextTokens } from './pick-token.ts';
import type { ModelPrograms, SamplingPrecision, Threads } from './programs.ts';
import { Recent } from './recent.ts';

export interface SessionLimits {
  /** Most rows that decode together. */
  maxRows: number;
  /** Most bytes of key-value cache. */
  cacheBytes: number;
  /** Most padded prompt tokens read in one prefill run. */
  prefillTokens: number;
}

/** One completion being made. */
export interface DecodedRow {
  /** What log-probabilities are multiplied by before `NextTokens.weights` are taken: 1 / temperature. */
  readonly sharpness: number;
  /** Tokens drawn so far. */
  readonly tokens: readonly number[];
  /** What has to settle before the next token can be drawn. */
  readonly ready?: Promise<void>;
  /** Draws the next token from row `at`, and adds it to `tokens`; true when that was the last one. */
  advance(next: NextTokens, at: number): boolean;
}

/** A prompt, and the rows that continue it: they begin together, and the prompt is read once for all. */
export interface DecodedPrompt {
  prompt: readonly number[];
  rows: readonly DecodedRow[];
}

/**
 * A decoding step shorter than this runs on the calling thread: handing it to another one and waking up again was
 * measured to cost a fifth of a step of 64 rows. The event loop waits that long at most.
 */
const INLINE_MILLISECONDS = 16;
/** Bound decoding steps that are kept. */
const MOST_STEPS = 64;

/**
 * A step that was made this often with the same weights gets a program with the weights packed into it. Making that costs as much
 * as some ten steps, and every later step takes 5 to 40 % less time.
 */
const PACK_AFTER = 64;
/** Most bytes of packed weights; models of which not even two copies fit are not packed. */
const PACKED_BYTES = 2 ** 28;
const MOST_PACKED = 16;

/** A row that has its place in the cache. */
interface ActiveRow {
  row: DecodedRow;
  promptLength: number;
}

/** A decoding program bound to the first `rows` slots of a cache. */
interface DecodeStep {
  ids: Int32Array;
  position: Int32Array;
  sharpness: Float32Array;
  next: NextTokens;
  /** One a lane. */
  runs: BoundRun[];
  /** How often it was made. */
  count: number;
}

function disposeStep({ runs }: DecodeStep): void {
  for (const run of runs) run.dispose();
}

/** Decodes with one set of weights. Call `open` before anything else. */
export class DecodingSession {
  private readonly weights: ModelWeights;
  private readonly programs: ModelPrograms;
  private readonly limits: SessionLimits;
  private readonly int8: Int8Weights;
  private cache: KeyValueCache | undefined;
  /** By rows, capacity and precision. */
  private readonly steps = new Recent<DecodeStep>(MOST_STEPS, disposeStep);
  /** Those with packed weights, by rows and capacity; undefined where weights are not packed. */
  private readonly packed: Recent<DecodeStep> | undefined;
  private waiting: DecodedPrompt[] = [];
  private active: ActiveRow[] = [];
  private inline = false;

  /**
   * With `pack`, steps that come again and again have the weights packed into them: for weights that seldom change. That rounds
   * otherwise, so results depend a little on what was decoded before.
   */
  constructor(weights: ModelWeights, programs: ModelPrograms, limits: SessionLimits, pack = false) {
    this.weights = weights;
    this.programs = programs;
    this.limits = limits;
    this.int8 = new Int8Weights(weights, programs);
    const most = Math.min(MOST_PACKED, Math.floor(PACKED_BYTES / (4 * weights.arena.parameterCount)));
    if (pack && most > 1) this.packed = new Recent(most, disposeStep);
  }

  /** To be called when the weights have changed. */
  weightsChanged(): void {
    this.int8.weightsChanged();
    if (this.packed === undefined) return;
    this.packed.clear();
    this.steps.clear();
  }

  /** Rows for which there is room in memory when each has up to `capacity` tokens: a power of two. */
  affordableRows(capacity: number): number {
    const { maxRows, cacheBytes } = this.limits;
    const affordable = Math.floor(
      cacheBytes / KeyValueCache.slotBytes(this.weights.config, cacheCapacity(capacity)),
    );
    return 2 ** Math.floor(Math.log2(Math.max(1, Math.min(maxRows, affordable))));
  }

  /** Starts over, with a cache of `slots` rows of up to `capacity` tokens; one of that size is used again. */
  open(slots: number, capacity: number): void {
    const maxCapacity = cacheCapacity(capacity);
    this.waiting = [];
    this.active = [];
    if (this.cache?.maxCapacity !== maxCapacity || this.cache.slots !== slots) {
      this.dispose();
      this.cache = new KeyValueCache(this.weights.config, slots, maxCapacity);
    }
    this.cache.reset(1);
  }

  /** Rows that are being decoded. */
  get activeRows(): number {
    return this.active.length;
  }

  /** Slots that nobody has or waits for. */
  get freeSlots(): number {
    return this.waiting.reduce(
      (free, { rows }) => free - rows.length,
      this.opened.slots - this.active.length,
    );
  }

  /** All rows that are decoded or wait. */
  get rows(): DecodedRow[] {
    return [...this.active.map(({ row }) => row), ...this.waiting.flatMap(({ rows }) => rows)];
  }

  /** True when nothing is left to do. */
  get idle(): boolean {
    return this.active.length === 0 && this.waiting.length === 0;
  }

  /** Puts a prompt in line; of at most as many rows as there are slots. Those added first are begun first. */
  add(prompt: DecodedPrompt): void {
    this.waiting.push(prompt);
  }

  /** Takes rows out that need no more tokens. */
  remove(isGone: (row: DecodedRow) => boolean): void {
    this.waiting = this.waiting
      .map(({ prompt, rows }) => ({ prompt, rows: rows.filter((row) => !isGone(row)) }))
      .filter(({ rows }) => rows.length > 0);
    for (let slot = this.active.length - 1; slot >= 0; slot--)
      if (isGone(this.active[slot].row)) this.vacate(slot);
  }

  /**
   * Begins what fits, and gives every row one more token. Prompts are read, and first tokens drawn, in float32; `precision`
   * is that of all other tokens.
   */
  async step(precision: SamplingPrecision = 'float32'): Promise<void> {
    const { opened: cache, active } = this;
    const { slots } = cache;
    if (this.waiting.length > 0 && this.waiting[0].rows.length <= slots - active.length) await this.admit();
    if (active.length === 0) return;
    if (precision === 'int8') await this.int8.refresh();
    for (const { row } of active) if (row.ready !== undefined) await row.ready;
    const longest = active.reduce((most, row) => Math.max(most, lengthOf(row)), 0);
    cache.fit(longest, active.length);
    const step = this.decodeStep(Math.min(slots, paddedRows(active.length)), precision);
    active.forEach((one, slot) => {
      const { tokens, sharpness } = one.row;
      step.ids[slot] = tokens[tokens.length - 1];
      step.position[slot] = lengthOf(one) - 1;
      step.sharpness[slot] = sharpness;
    });
    step.ids.fill(0, active.length);
    step.position.fill(0, active.length);
    step.sharpness.fill(1, active.length);
    const started = performance.now();
    await runTogether(step.runs, this.inline);
    this.inline = performance.now() - started < INLINE_MILLISECONDS;
    // Back to front, so that the row moved into a finished row's slot has had its token already.
    for (let slot = active.length - 1; slot >= 0; slot--)
      if (active[slot].row.advance(step.next, slot)) this.vacate(slot);
  }

  dispose(): void {
    this.steps.clear();
    this.packed?.clear();
    this.cache = undefined;
  }

  private get opened(): KeyValueCache {
    if (this.cache === undefined) throw new Error('the session is not open');
    return this.cache;
  }

  /** Frees a slot: the last row moves into it. */
  private vacate(slot: number): void {
    const { active } = this;
    const last = active.pop() as ActiveRow;
    if (slot === active.length) return;
    active[slot] = last;
    this.opened.move(active.length, slot, lengthOf(last) - 1);
  }

  /** Begins the first in line, as many as there are free slots for. */
  private async admit(): Promise<void> {
    const { active, opened: cache } = this;
    const batch: DecodedPrompt[] = [];
    let free = cache.slots - active.length;
    while (this.waiting.length > 0 && this.waiting[0].rows.length <= free) {
      const next = this.waiting.shift() as DecodedPrompt;
      free -= next.rows.length;
      batch.push(next);
    }
    for (const part of batchRows(
      batch.map(({ prompt }) => prompt.length),
      this.limits.prefillTokens,
    )) {
      const prompts = part.indices.map((i) => batch[i]);
      const { next, layers } = await this.prefill(prompts, part.rows, part.length);
      for (const { rows } of prompts) for (const row of rows) if (row.ready !== undefined) await row.ready;
      prompts.forEach(({ prompt, rows }, at) => {
        for (const row of rows) {
          if (row.advance(next, at)) continue;
          const longest = active.reduce((most, one) => Math.max(most, lengthOf(one)), prompt.length);
          cache.fit(longest, active.length);
          cache.fill(active.length, layers, at, prompt.length);
          active.push({ row, promptLength: prompt.length });
        }
      });
    }
  }

  private async prefill(
    prompts: readonly DecodedPrompt[],
    rows: number,
    length: number,
  ): Promise<{ next: NextTokens; layers: CacheTensors[] }> {
    const ids = new Int32Array(rows * length);
    const last = new Int32Array(rows);
    const sharpness = new Float32Array(rows).fill(1);
    prompts.forEach((one, row) => {
      ids.set(one.prompt, row * length);
      last[row] = one.prompt.length - 1;
      sharpness[row] = one.rows[0].sharpness;
    });
    const { config } = this.weights;
    const keys = [rows, config.kvHeads, length, config.headDim];
    const zeros = (shape: number[]) => NativeTensor.zeros('f32', shape);
    const next = this.nextTensors(rows);
    const layers = Array.from({ length: config.layers }, () => ({ key: zeros(keys), value: zeros(keys) }));
    const runs = bindRows(
      rows,
      (own, threads) => this.programs.prefill(own, length, threads),
      { parameters: this.weights.tensors },
      {
        ids: intArray(ids, [rows, length]),
        last: intArray(last, [rows]),
        sharpness: NativeTensor.wrap(sharpness, 'f32', [rows]),
      },
      { next, layers },
    );
    await runTogether(runs, false);
    for (const run of runs) run.dispose();
    return { next: dataOf(next), layers };
  }

  private decodeStep(rows: number, precision: SamplingPrecision): DecodeStep {
    const { opened: cache, packed } = this;
    const { tensors: parameters } = this.weights;
    const shape = `${rows}x${cache.capacity}`;
    const step = this.steps.get(`${shape} ${precision}`, () =>
      this.bindStep(
        rows,
        (own, threads) => this.programs.decode(own, cache.capacity, precision, threads),
        precision === 'int8' ? { parameters, int8: this.int8.tensors } : { parameters },
      ),
    );
    if (packed === undefined || precision === 'int8' || ++step.count <= PACK_AFTER) return step;
    return packed.get(shape, () => {
      let program: Program | undefined;
      const bound = this.bindStep(
        rows,
        (own, threads) => {
          program = this.programs.packedDecode(own, cache.capacity, threads, parameters);
          return program;
        },
        {},
      );
      // What is bound keeps what it needs.
      program?.dispose();
      return bound;
    });
  }

  /** A step over the first `rows` slots of the cache; `whole` are inputs that every lane reads whole. */
  private bindStep(
    rows: number,
    program: (rows: number, threads: Threads) => Program,
    whole: Record<string, unknown>,
  ): DecodeStep {
    const ids = NativeTensor.zeros('i32', [rows]);
    const position = NativeTensor.zeros('i32', [rows]);
    const sharpness = NativeTensor.zeros('f32', [rows]);
    const next = this.nextTensors(rows);
    const cache = this.opened.tensors(rows);
    const runs = bindRows(rows, program, whole, { ids, position, sharpness, cache }, { next, cache });
    return {
      ids: ids.data as Int32Array,
      position: position.data as Int32Array,
      sharpness: sharpness.data as Float32Array,
      next: dataOf(next),
      runs,
      count: 0,
    };
  }

  /** Room for what the next tokens of `rows` rows are drawn from. */
  private nextTensors(rows: number): NextTensors {
    const shape = [rows, this.weights.config.vocabSize];
    return { logprobs: NativeTensor.zeros('f32', shape), weights: NativeTensor.zeros('f32', shape) };
  }
}

interface NextTensors {
  logprobs: NativeTensor;
  weights: NativeTensor;
}

/**
 * Binds a program to memory: one run a lane, each with its share of the rows of `inputs` and `outputs`, and with the whole of
 * `whole`.
 */
function bindRows(
  rows: number,
  program: (rows: number, threads: Threads) => Program,
  whole: Record<string, unknown>,
  inputs: Record<string, unknown>,
  outputs: Record<string, unknown>,
): BoundRun[] {
  const { lanes, threads } = sharingOf(rows);
  const each = rows / lanes;
  const compiled = program(each, threads);
  return Array.from({ length: lanes }, (_, lane) => {
    const own = (tree: Record<string, unknown>) => rowsOf(tree as Tree<NativeTensor>, lane * each, each);
    const all = { ...whole, ...(own(inputs) as object) };
    return compiled.bind(all as unknown as Tree<NativeTensor>, own(outputs));
  });
}

/** Rows [from, from + count) of every array of a tree, in the same memory. */
function rowsOf(tree: Tree<NativeTensor>, from: number, count: number): Tree<NativeTensor> {
  return treeMap(tree, ({ data, dtype, shape }) => {
    const size = data.length / shape[0];
    const rows = data.subarray(from * size, (from + count) * size);
    return NativeTensor.wrap(rows, dtype, [count, ...shape.slice(1)]);
  });
}

function dataOf({ logprobs, weights }: NextTensors): NextTokens {
  return { logprobs: logprobs.data as Float32Array, weights: weights.data as Float32Array };
}

/** The number of rows that a step is compiled for: at least `n`, a power of two or three quarters of one. */
function paddedRows(n: number): number {
  const power = 2 ** Math.ceil(Math.log2(n));
  return n <= 0.75 * power ? 0.75 * power : power;
}

/** Tokens of a row so far, its prompt included. */
const lengthOf = ({ promptLength, row }: ActiveRow) => promptLength + row.tokens.length;
