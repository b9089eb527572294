/** Batched sampling: prompts are read once, rows decode together, finished rows leave and waiting ones take their slots. */
import type { ModelWeights } from '../../nn/index.ts';
import { type BoundRun, intArray, NativeTensor, type Tree } from '../../tensor/index.ts';
import type { Tokenizer } from '../../text/index.ts';
import type { Sample } from '../../types/index.ts';
import { Completion, completionRules } from '../completion.ts';
import type { SampleOptions, SampleRequest, SamplingParams } from '../engine.ts';
import { batchRows, nextPowerOfTwo } from './batching.ts';
import { type CacheTensors, cacheCapacity, KeyValueCache } from './cache.ts';
import { checkTokens } from './checks.ts';
import { Int8Weights } from './int8-weights.ts';
import { type NextTokens, type Picked, TokenPicker } from './pick-token.ts';
import type { ModelPrograms, SamplingPrecision } from './programs.ts';

export interface SamplerLimits {
  /** Most rows that decode together. */
  maxRows: number;
  /** Most bytes of key-value cache. */
  cacheBytes: number;
  /** Most padded prompt tokens read in one prefill run. */
  prefillTokens: number;
}

/**
 * A decoding step shorter than this runs on the calling thread: handing it to another one and waking up again was
 * measured to cost a fifth of a step of 64 rows. The event loop waits that long at most, and gets its turn after.
 */
const INLINE_MILLISECONDS = 16;
/** The event loop gets a turn at least this often. */
const YIELD_MILLISECONDS = 10;
/** One completion being made. */
interface Row {
  request: number;
  sample: number;
  promptLength: number;
  completion: Completion;
}

/** Several completions of one prompt that start together. */
interface Admission {
  request: number;
  firstSample: number;
  count: number;
}

/** A decoding program bound to the first `rows` slots of a cache. */
interface DecodeStep {
  ids: Int32Array;
  position: Int32Array;
  sharpness: Float32Array;
  next: NextTokens;
  run: BoundRun;
}

/** Decodes with one set of weights. */
export class Sampler {
  private readonly weights: ModelWeights;
  private readonly programs: ModelPrograms;
  private readonly tokenizer: Tokenizer;
  private readonly limits: SamplerLimits;
  private readonly int8: Int8Weights;
  private cache: KeyValueCache | undefined;
  /** By rows, capacity and precision. */
  private steps = new Map<string, DecodeStep>();

  constructor(weights: ModelWeights, programs: ModelPrograms, tokenizer: Tokenizer, limits: SamplerLimits) {
    this.weights = weights;
    this.programs = programs;
    this.tokenizer = tokenizer;
    this.limits = limits;
    this.int8 = new Int8Weights(weights, programs);
  }

  /** To be called when the weights have changed. */
  weightsChanged(): void {
    this.int8.weightsChanged();
  }

  /** See `FrozenEngine.sample`. `precision` is that of decoding; prompts are read, and first tokens drawn, in float32. */
  async sample(
    requests: readonly SampleRequest[],
    params: SamplingParams,
    weightsVersion: number,
    options: SampleOptions = {},
    precision: SamplingPrecision = 'float32',
  ): Promise<Sample[][]> {
    const { temperature = 1, topK, topP, minP } = params;
    const picker = new TokenPicker({ temperature, topK, topP, minP });
    const rules = completionRules(params, this.tokenizer);
    const cache = this.prepare(requests, params);
    const { slots } = cache;
    if (precision === 'int8') await this.int8.refresh();
    const results: Sample[][] = requests.map(({ n }) => new Array<Sample>(n));
    const waiting = admissions(requests, slots);
    const active: Row[] = [];
    const picked: Picked = { token: 0, logprob: 0 };
    const vocab = this.weights.config.vocabSize;
    let sampled = 0;
    let lastYield = performance.now();
    let inline = false;

    /** Draws a row's next token; true when the row is finished and its result is written. */
    const advance = (row: Row, next: NextTokens, at: number): boolean => {
      const { completion } = row;
      picker.pick(next, at, vocab, completion.rng, picked);
      sampled++;
      if (!completion.push(picked.token, picked.logprob)) return false;
      results[row.request][row.sample] = completion.finish(weightsVersion);
      return true;
    };

    const admit = async () => {
      const batch: Admission[] = [];
      let free = slots - active.length;
      while (waiting.length > 0 && waiting[0].count <= free) {
        const next = waiting.shift() as Admission;
        free -= next.count;
        batch.push(next);
      }
      for (const rows of batchRows(
        batch.map(({ request }) => requests[request].prompt.length),
        this.limits.prefillTokens,
      )) {
        const prefilled = await this.prefill(
          rows.indices.map((i) => requests[batch[i].request].prompt),
          rows.rows,
          rows.length,
          picker.sharpness,
        );
        rows.indices.forEach((i, at) => {
          const { request, firstSample, count } = batch[i];
          const { prompt, seed } = requests[request];
          for (let k = 0; k < count; k++) {
            const sample = firstSample + k;
            const completion = new Completion({ seed }, sample, rules);
            const row = { request, sample, promptLength: prompt.length, completion };
            if (advance(row, prefilled.next, at)) continue;
            cache.grow(prompt.length, active.length);
            cache.fill(active.length, prefilled.layers, at, prompt.length);
            active.push(row);
          }
        });
      }
    };

    while (waiting.length > 0 || active.length > 0) {
      options.signal?.throwIfAborted();
      if (waiting.length > 0 && waiting[0].count <= slots - active.length) await admit();
      if (active.length === 0) continue;
      const longest = active.reduce((most, row) => Math.max(most, lengthOf(row)), 0);
      cache.grow(longest, active.length);
      const step = this.decodeStep(cache, Math.min(slots, paddedRows(active.length)), precision);
      active.forEach((row, slot) => {
        const { tokens } = row.completion;
        step.ids[slot] = tokens[tokens.length - 1];
        step.position[slot] = lengthOf(row) - 1;
      });
      step.ids.fill(0, active.length);
      step.position.fill(0, active.length);
      step.sharpness[0] = picker.sharpness;
      const started = performance.now();
      if (inline) step.run.runSync();
      else await step.run.run();
      const ended = performance.now();
      inline = ended - started < INLINE_MILLISECONDS;
      // Back to front, so that the row moved into a finished row's slot has had its token already.
      for (let slot = active.length - 1; slot >= 0; slot--) {
        if (!advance(active[slot], step.next, slot)) continue;
        const last = active.pop() as Row;
        if (slot === active.length) continue;
        active[slot] = last;
        cache.move(active.length, slot, lengthOf(last) - 1);
      }
      options.onTokens?.(sampled);
      if (ended - lastYield > YIELD_MILLISECONDS) {
        await new Promise((resolve) => setImmediate(resolve));
        lastYield = performance.now();
      }
    }
    return results;
  }

  dispose(): void {
    for (const step of this.steps.values()) step.run.dispose();
    this.steps.clear();
    this.cache = undefined;
  }

  /** Checks the requests and makes an empty cache for them. */
  private prepare(requests: readonly SampleRequest[], params: SamplingParams): KeyValueCache {
    const { config } = this.weights;
    const { maxTokens } = params;
    if (!Number.isInteger(maxTokens) || maxTokens < 1)
      throw new RangeError(`maxTokens: got ${maxTokens}, expected an integer of at least 1`);
    let longest = 0;
    let wanted = 0;
    requests.forEach(({ prompt, n }, i) => {
      if (prompt.length === 0)
        throw new RangeError(`requests[${i}].prompt: is empty, expected at least one token`);
      if (!Number.isInteger(n) || n < 1)
        throw new RangeError(`requests[${i}].n: got ${n}, expected an integer of at least 1`);
      checkTokens(`requests[${i}].prompt`, prompt, config.vocabSize);
      longest = Math.max(longest, prompt.length);
      wanted += n;
    });
    if (longest + maxTokens > config.maxPositions)
      throw new RangeError(
        `a prompt of ${longest} tokens and maxTokens ${maxTokens} need ${longest + maxTokens} positions; the model has ${config.maxPositions}`,
      );
    const capacity = cacheCapacity(longest + maxTokens);
    const affordable = Math.max(
      1,
      Math.floor(this.limits.cacheBytes / KeyValueCache.slotBytes(config, capacity)),
    );
    const most = 2 ** Math.floor(Math.log2(Math.min(this.limits.maxRows, affordable)));
    const slots = Math.min(most, nextPowerOfTwo(wanted));
    if (this.cache?.maxCapacity !== capacity || this.cache.slots !== slots) {
      this.dispose();
      this.cache = new KeyValueCache(config, slots, capacity);
    }
    this.cache.reset(longest);
    return this.cache;
  }

  private async prefill(
    prompts: readonly (readonly number[])[],
    rows: number,
    length: number,
    sharpness: number,
  ): Promise<{ next: NextTokens; layers: CacheTensors[] }> {
    const program = this.programs.prefill(rows, length);
    const ids = new Int32Array(rows * length);
    const last = new Int32Array(rows);
    prompts.forEach((prompt, row) => {
      ids.set(prompt, row * length);
      last[row] = prompt.length - 1;
    });
    const outputs = program.allocateOutputs() as unknown as { next: NextTensors; layers: CacheTensors[] };
    const inputs = {
      parameters: this.weights.tensors,
      ids: intArray(ids, [rows, length]),
      last: intArray(last, [rows]),
      sharpness: scalarOf(sharpness),
    };
    const run = program.bind(inputs as Tree<NativeTensor>, outputs as unknown as Tree<NativeTensor>);
    await run.run();
    run.dispose();
    return { next: dataOf(outputs.next), layers: outputs.layers };
  }

  private decodeStep(cache: KeyValueCache, rows: number, precision: SamplingPrecision): DecodeStep {
    const key = `${rows}x${cache.capacity} ${precision}`;
    const known = this.steps.get(key);
    if (known) return known;
    const program = this.programs.decode(rows, cache.capacity, precision);
    const ids = NativeTensor.zeros('i32', [rows]);
    const position = NativeTensor.zeros('i32', [rows]);
    const sharpness = scalarOf(1);
    const shape = [rows, this.weights.config.vocabSize];
    const next = { logprobs: NativeTensor.zeros('f32', shape), weights: NativeTensor.zeros('f32', shape) };
    const layers = cache.tensors(rows);
    const run = program.bind(
      {
        parameters: this.weights.tensors,
        ...(precision === 'int8' ? { int8: this.int8.tensors } : {}),
        ids,
        position,
        sharpness,
        cache: layers,
      } as unknown as Tree<NativeTensor>,
      { next, cache: layers } as unknown as Tree<NativeTensor>,
    );
    const step: DecodeStep = {
      ids: ids.data as Int32Array,
      position: position.data as Int32Array,
      sharpness: sharpness.data as Float32Array,
      next: dataOf(next),
      run,
    };
    this.steps.set(key, step);
    return step;
  }
}

interface NextTensors {
  logprobs: NativeTensor;
  weights: NativeTensor;
}

function dataOf({ logprobs, weights }: NextTensors): NextTokens {
  return { logprobs: logprobs.data as Float32Array, weights: weights.data as Float32Array };
}

function scalarOf(x: number): NativeTensor {
  return NativeTensor.wrap(Float32Array.of(x), 'f32', []);
}

/** The number of rows that a step is compiled for: at least `n`, a power of two or one and a half times one. */
function paddedRows(n: number): number {
  const power = nextPowerOfTwo(n);
  return n <= 0.75 * power ? 0.75 * power : power;
}

/** Tokens of a row so far, its prompt included. */
function lengthOf({ promptLength, completion }: Row): number {
  return promptLength + completion.tokens.length;
}

/** Requests in order, cut where one wants more completions than there are slots. */
function admissions(requests: readonly SampleRequest[], slots: number): Admission[] {
  return requests.flatMap(({ n }, request) =>
    Array.from({ length: Math.ceil(n / slots) }, (_, part) => ({
      request,
      firstSample: part * slots,
      count: Math.min(slots, n - part * slots),
    })),
  );
}
