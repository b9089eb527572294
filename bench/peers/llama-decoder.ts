/** Batched decoding with llama.cpp: all rows in one `llama_decode` a step, tokens drawn by its own sampler. */
import koffi from 'koffi';
import type { ContextParams, LlamaLibrary, NativeBatch } from './llama-library.ts';

/** Choices that decide its speed and that a user would tune. */
export interface DecoderOptions {
  rows: number;
  /** Most tokens a row may have. */
  length: number;
  threads: number;
  /** One cache for all rows, or one a row. */
  unified: boolean;
  /** Element type of the cache: F32 or F16. */
  cacheType: number;
  /** `DEFAULT_ATTENTION` or `PLAIN_ATTENTION`. */
  flashAttention: number;
  /** Draw from the softmax, or take the likeliest token. */
  greedy: boolean;
  seed: number;
}

/** Flash attention where llama.cpp likes it, and never. */
export const DEFAULT_ATTENTION = -1;
export const PLAIN_ATTENTION = 0;

/** Cells of one row's cache come in multiples of this many. */
const CELLS = 256;

/** A context with room for some rows. */
export class LlamaDecoder {
  readonly options: DecoderOptions;
  private readonly llama: LlamaLibrary;
  private readonly context: unknown;
  private readonly samplers: unknown[];
  private readonly batch: NativeBatch;
  private readonly capacity: number;
  private readonly token: Int32Array;
  private readonly position: Int32Array;
  private readonly wanted: Int8Array;
  private readonly sequence: Int32Array[];

  /** Throws when llama.cpp makes no context of that shape. */
  constructor(llama: LlamaLibrary, model: unknown, options: DecoderOptions) {
    const { rows, length, threads, unified, cacheType, flashAttention } = options;
    const cells = Math.ceil((unified ? rows * length : length) / CELLS) * CELLS;
    const defaults = llama.context_default_params();
    checkDefaults(defaults);
    const params: ContextParams = {
      ...defaults,
      n_ctx: unified ? cells : rows * cells,
      n_seq_max: rows,
      n_threads: threads,
      n_threads_batch: threads,
      flash_attn_type: flashAttention,
      type_k: cacheType,
      type_v: cacheType,
      kv_unified: unified,
    };
    const context = llama.init_from_model(model, params);
    if (!context) throw new Error(`llama.cpp makes no context for ${rows} rows of ${length} tokens`);
    this.llama = llama;
    this.options = options;
    this.context = context;
    this.capacity = params.n_batch;
    this.samplers = Array.from({ length: rows }, (_, row) => samplerOf(llama, options, row));
    this.batch = llama.batch_init(this.capacity, 0, 1);
    const view = (pointer: unknown) => koffi.view(pointer, 4 * this.capacity) as ArrayBuffer;
    this.token = new Int32Array(view(this.batch.token));
    this.position = new Int32Array(view(this.batch.pos));
    new Int32Array(view(this.batch.n_seq_id)).fill(1);
    this.wanted = new Int8Array(koffi.view(this.batch.logits, this.capacity) as ArrayBuffer);
    this.sequence = (koffi.decode(this.batch.seq_id, 'void *', this.capacity) as unknown[]).map(
      (pointer) => new Int32Array(koffi.view(pointer, 4) as ArrayBuffer),
    );
  }

  /** Reads the prompts (equally long) and samples `newTokens` for each; the tokens by row. */
  sample(prompts: readonly (readonly number[])[], newTokens: number): number[][] {
    const { llama, context } = this;
    llama.memory_clear(llama.get_memory(context), false);
    const out = prompts.map((): number[] => []);
    const length = prompts[0].length;
    const rowsAtOnce = Math.floor(this.capacity / length);
    for (let from = 0; from < prompts.length; from += rowsAtOnce) {
      const part = prompts.slice(from, from + rowsAtOnce);
      part.forEach((prompt, row) => {
        prompt.forEach((token, t) => {
          this.put(row * length + t, token, t, from + row, t === length - 1);
        });
      });
      this.decode(part.length * length);
      part.forEach((_, row) => {
        out[from + row].push(this.draw(from + row, (row + 1) * length - 1));
      });
    }
    for (let step = 1; step < newTokens; step++) {
      out.forEach((tokens, row) => {
        this.put(row, tokens[step - 1], length + step - 1, row, true);
      });
      this.decode(out.length);
      out.forEach((tokens, row) => {
        tokens.push(this.draw(row, row));
      });
    }
    return out;
  }

  dispose(): void {
    for (const sampler of this.samplers) this.llama.sampler_free(sampler);
    this.llama.batch_free(this.batch);
    this.llama.free(this.context);
  }

  private put(at: number, token: number, position: number, row: number, wanted: boolean): void {
    this.token[at] = token;
    this.position[at] = position;
    this.sequence[at][0] = row;
    this.wanted[at] = wanted ? 1 : 0;
  }

  private decode(tokens: number): void {
    const status = this.llama.decode(this.context, { ...this.batch, n_tokens: tokens });
    if (status !== 0) throw new Error(`llama_decode returned ${status} for a batch of ${tokens} tokens`);
  }

  private draw(row: number, at: number): number {
    return this.llama.sampler_sample(this.samplers[row], this.context, at);
  }
}

function samplerOf(llama: LlamaLibrary, { greedy, seed }: DecoderOptions, row: number): unknown {
  const chain = llama.sampler_chain_init({ no_perf: true });
  llama.sampler_chain_add(chain, greedy ? llama.sampler_init_greedy() : llama.sampler_init_dist(seed + row));
  return chain;
}

/** Known defaults in their places: the structs are read as they were written. */
function checkDefaults(defaults: ContextParams): void {
  const { n_batch, n_ubatch, n_seq_max, flash_attn_type, type_k, type_v, kv_unified } = defaults;
  const found = [n_batch, n_ubatch, n_seq_max, flash_attn_type, type_k, type_v, kv_unified].join(' ');
  const expected = '2048 512 1 -1 1 1 false';
  if (found !== expected)
    throw new Error(`llama.cpp's defaults read as ${found}, expected ${expected}: its structs have changed`);
}
