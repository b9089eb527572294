/** Batched sampling: prompts are read once, rows decode together, finished rows leave and waiting ones take their slots. */
import type { ModelWeights } from '../../nn/index.ts';
import { type Rng, rng } from '../../random/index.ts';
import { type BoundRun, intArray, NativeTensor, type Tree } from '../../tensor/index.ts';
import { StopMatcher, StreamDecoder, type Tokenizer } from '../../text/index.ts';
import type { Sample } from '../../types/index.ts';
import type { SampleOptions, SampleRequest, SamplingParams } from '../engine.ts';
import { batchRows, nextPowerOfTwo } from './batching.ts';
import { type CacheTensors, KeyValueCache } from './cache.ts';
import { checkTokens } from './checks.ts';
import { type Picked, TokenPicker } from './pick-token.ts';
import type { ModelPrograms } from './programs.ts';

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
/** Cache capacities are multiples of this, so that few decoding programs are compiled. */
const CAPACITY_STEP = 64;

/** One completion being made. */
interface Row {
  request: number;
  sample: number;
  rng: Rng;
  promptLength: number;
  tokens: number[];
  logprobs: number[];
  decoder?: StreamDecoder;
  matcher?: StopMatcher;
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
  lastIndex: Int32Array;
  total: Int32Array;
  logits: Float32Array;
  run: BoundRun;
}

/** Decodes with one set of weights. */
export class Sampler {
  private readonly weights: ModelWeights;
  private readonly programs: ModelPrograms;
  private readonly tokenizer: Tokenizer;
  private readonly limits: SamplerLimits;
  private cache: KeyValueCache | undefined;
  private steps = new Map<number, DecodeStep>();

  constructor(weights: ModelWeights, programs: ModelPrograms, tokenizer: Tokenizer, limits: SamplerLimits) {
    this.weights = weights;
    this.programs = programs;
    this.tokenizer = tokenizer;
    this.limits = limits;
  }

  /** See `FrozenEngine.sample`. */
  async sample(
    requests: readonly SampleRequest[],
    params: SamplingParams,
    weightsVersion: number,
    options: SampleOptions = {},
  ): Promise<Sample[][]> {
    const { temperature = 1, topK, topP, minP } = params;
    const picker = new TokenPicker({ temperature, topK, topP, minP });
    const stopTokens = new Set(params.stopTokens ?? this.tokenizer.eosIds);
    const slots = this.prepare(requests, params);
    const results: Sample[][] = requests.map(({ n }) => new Array<Sample>(n));
    const waiting = admissions(requests, slots);
    const active: Row[] = [];
    const picked: Picked = { token: 0, logprob: 0 };
    const vocab = this.weights.config.vocabSize;
    let sampled = 0;
    let lastYield = performance.now();
    let inline = false;

    /** Draws a row's next token; true when the row is finished and its result is written. */
    const advance = (row: Row, logits: Float32Array, at: number): boolean => {
      picker.pick(logits, at * vocab, vocab, row.rng, picked);
      row.tokens.push(picked.token);
      row.logprobs.push(picked.logprob);
      sampled++;
      let ended = stopTokens.has(picked.token);
      if (!ended && row.decoder && row.matcher) ended = row.matcher.push(row.decoder.push(picked.token));
      if (!ended && row.tokens.length < params.maxTokens) return false;
      results[row.request][row.sample] = this.finish(row, ended, stopTokens, weightsVersion);
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
        );
        rows.indices.forEach((i, at) => {
          const { request, firstSample, count } = batch[i];
          const { prompt, seed } = requests[request];
          for (let k = 0; k < count; k++) {
            const row = newRow(request, firstSample + k, seed, prompt.length);
            if (params.stop && params.stop.length > 0) {
              row.decoder = new StreamDecoder(this.tokenizer);
              row.matcher = new StopMatcher(params.stop);
            }
            if (advance(row, prefilled.logits, at)) continue;
            this.cache?.fill(active.length, prefilled.layers, at, prompt.length);
            active.push(row);
          }
        });
      }
    };

    while (waiting.length > 0 || active.length > 0) {
      options.signal?.throwIfAborted();
      if (waiting.length > 0 && waiting[0].count <= slots - active.length) await admit();
      if (active.length === 0) continue;
      const step = this.decodeStep(Math.min(slots, nextPowerOfTwo(active.length)));
      let longest = 0;
      active.forEach((row, slot) => {
        const last = row.promptLength + row.tokens.length - 1;
        step.ids[slot] = row.tokens[row.tokens.length - 1];
        step.lastIndex[slot] = last;
        if (last > longest) longest = last;
      });
      step.ids.fill(0, active.length);
      step.lastIndex.fill(0, active.length);
      step.total[0] = longest + 1;
      const started = performance.now();
      if (inline) step.run.runSync();
      else await step.run.run();
      const ended = performance.now();
      inline = ended - started < INLINE_MILLISECONDS;
      // Back to front, so that the row moved into a finished row's slot has had its token already.
      for (let slot = active.length - 1; slot >= 0; slot--) {
        if (!advance(active[slot], step.logits, slot)) continue;
        const last = active.pop() as Row;
        if (slot === active.length) continue;
        active[slot] = last;
        this.cache?.move(active.length, slot, last.promptLength + last.tokens.length - 1);
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

  /** Checks the requests and makes room; returns the number of slots. */
  private prepare(requests: readonly SampleRequest[], params: SamplingParams): number {
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
    const capacity = Math.ceil((longest + maxTokens) / CAPACITY_STEP) * CAPACITY_STEP;
    const affordable = Math.max(
      1,
      Math.floor(this.limits.cacheBytes / KeyValueCache.slotBytes(config, capacity)),
    );
    const most = 2 ** Math.floor(Math.log2(Math.min(this.limits.maxRows, affordable)));
    const slots = Math.min(most, nextPowerOfTwo(wanted));
    if (!this.cache || this.cache.capacity !== capacity || this.cache.slots < slots) {
      this.dispose();
      this.cache = new KeyValueCache(config, slots, capacity);
    }
    return slots;
  }

  private async prefill(prompts: readonly (readonly number[])[], rows: number, length: number) {
    const program = this.programs.prefill(rows, length);
    const ids = new Int32Array(rows * length);
    const last = new Int32Array(rows);
    prompts.forEach((prompt, row) => {
      ids.set(prompt, row * length);
      last[row] = prompt.length - 1;
    });
    const outputs = program.allocateOutputs() as unknown as { logits: NativeTensor; layers: CacheTensors[] };
    const inputs = {
      parameters: this.weights.tensors,
      ids: intArray(ids, [rows, length]),
      last: intArray(last, [rows]),
    };
    const run = program.bind(inputs as Tree<NativeTensor>, outputs as unknown as Tree<NativeTensor>);
    await run.run();
    run.dispose();
    return { logits: outputs.logits.data as Float32Array, layers: outputs.layers };
  }

  private decodeStep(rows: number): DecodeStep {
    const known = this.steps.get(rows);
    if (known) return known;
    const cache = this.cache as KeyValueCache;
    const program = this.programs.decode(rows, cache.capacity);
    const ids = NativeTensor.zeros('i32', [rows, 1]);
    const lastIndex = NativeTensor.zeros('i32', [rows]);
    const total = NativeTensor.zeros('i32', []);
    const logits = NativeTensor.zeros('f32', [rows, this.weights.config.vocabSize]);
    const layers = cache.tensors(rows);
    const inputs = { parameters: this.weights.tensors, ids, lastIndex, total, cache: layers };
    const run = program.bind(
      inputs as unknown as Tree<NativeTensor>,
      { logits, cache: layers } as unknown as Tree<NativeTensor>,
    );
    const step: DecodeStep = {
      ids: ids.data as Int32Array,
      lastIndex: lastIndex.data as Int32Array,
      total: total.data as Int32Array,
      logits: logits.data as Float32Array,
      run,
    };
    this.steps.set(rows, step);
    return step;
  }

  private finish(row: Row, ended: boolean, stopTokens: ReadonlySet<number>, weightsVersion: number): Sample {
    const { tokens, decoder, matcher } = row;
    const stopped = stopTokens.has(tokens[tokens.length - 1]);
    let text: string;
    if (matcher && decoder) {
      if (!ended || stopped) matcher.push(decoder.flush());
      text = matcher.text;
    } else text = this.tokenizer.decode(stopped ? tokens.slice(0, -1) : tokens);
    return {
      tokens,
      logprobs: Float32Array.from(row.logprobs),
      text,
      finishReason: ended ? 'stop' : 'length',
      weightsVersion,
    };
  }
}

function newRow(request: number, sample: number, seed: number, promptLength: number): Row {
  return { request, sample, rng: rng(seed, 'completion', sample), promptLength, tokens: [], logprobs: [] };
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
