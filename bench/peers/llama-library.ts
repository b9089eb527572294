/** llama.cpp's C API, as far as batched decoding needs it, from the shared libraries that node-llama-cpp ships. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import koffi from 'koffi';

/** The release whose structs are written down below; the libraries carry it in their name. */
export const LLAMA_RELEASE = 'v0.5.0';

/** Cache element types of ggml. */
export const F32 = 0;
export const F16 = 1;

type Pointer = unknown;

/** `llama_context_params` with the fields that are set or checked here. */
export interface ContextParams {
  n_ctx: number;
  n_batch: number;
  n_ubatch: number;
  n_seq_max: number;
  n_threads: number;
  n_threads_batch: number;
  flash_attn_type: number;
  type_k: number;
  type_v: number;
  kv_unified: boolean;
}

/** `llama_batch`; the arrays are llama.cpp's own memory. */
export interface NativeBatch {
  n_tokens: number;
  token: Pointer;
  pos: Pointer;
  n_seq_id: Pointer;
  seq_id: Pointer;
  logits: Pointer;
}

const MODEL_PARAMS = {
  devices: 'void *',
  tensor_buft_overrides: 'void *',
  n_gpu_layers: 'int32_t',
  split_mode: 'int',
  load_mode: 'int',
  lazy_mode: 'int',
  main_gpu: 'int32_t',
  tensor_split: 'void *',
  progress_callback: 'void *',
  progress_callback_user_data: 'void *',
  kv_overrides: 'void *',
  vocab_only: 'bool',
  check_tensors: 'bool',
  use_extra_bufts: 'bool',
  no_host: 'bool',
  no_alloc: 'bool',
  load_mtp: 'bool',
};

const CONTEXT_PARAMS = {
  n_ctx: 'uint32_t',
  n_batch: 'uint32_t',
  n_ubatch: 'uint32_t',
  n_seq_max: 'uint32_t',
  n_rs_seq: 'uint32_t',
  n_outputs_max: 'uint32_t',
  n_outputs_max_per_seq: 'uint32_t',
  n_threads: 'int32_t',
  n_threads_batch: 'int32_t',
  ctx_type: 'int',
  rope_scaling_type: 'int',
  pooling_type: 'int',
  attention_type: 'int',
  flash_attn_type: 'int',
  rope_freq_base: 'float',
  rope_freq_scale: 'float',
  yarn_ext_factor: 'float',
  yarn_attn_factor: 'float',
  yarn_beta_fast: 'float',
  yarn_beta_slow: 'float',
  yarn_orig_ctx: 'uint32_t',
  defrag_thold: 'float',
  cb_eval: 'void *',
  cb_eval_user_data: 'void *',
  type_k: 'int',
  type_v: 'int',
  abort_callback: 'void *',
  abort_callback_data: 'void *',
  embeddings: 'bool',
  offload_kqv: 'bool',
  no_perf: 'bool',
  op_offload: 'bool',
  swa_full: 'bool',
  kv_unified: 'bool',
  samplers: 'void *',
  n_samplers: 'size_t',
  ctx_other: 'void *',
};

const BATCH = {
  n_tokens: 'int32_t',
  token: 'void *',
  embd: 'void *',
  pos: 'void *',
  n_seq_id: 'void *',
  seq_id: 'void *',
  logits: 'void *',
};

/** The functions, under their own names without `llama_`. */
export interface LlamaLibrary {
  model_default_params(): Record<string, unknown>;
  context_default_params(): ContextParams;
  model_load_from_file(path: string, params: Record<string, unknown>): Pointer;
  model_free(model: Pointer): void;
  init_from_model(model: Pointer, params: ContextParams): Pointer;
  free(context: Pointer): void;
  get_memory(context: Pointer): Pointer;
  memory_clear(memory: Pointer, data: boolean): void;
  batch_init(tokens: number, embedding: number, sequences: number): NativeBatch;
  batch_free(batch: NativeBatch): void;
  decode(context: Pointer, batch: NativeBatch): number;
  sampler_chain_init(params: { no_perf: boolean }): Pointer;
  sampler_chain_add(chain: Pointer, sampler: Pointer): void;
  sampler_init_dist(seed: number): Pointer;
  sampler_init_greedy(): Pointer;
  sampler_sample(sampler: Pointer, context: Pointer, index: number): number;
  sampler_free(sampler: Pointer): void;
}

/**
 * Loads the libraries in a folder and its fastest processor variant; they log to standard error. Throws when the folder holds another release:
 * structs change between releases, and reading one as another would measure nonsense.
 */
export function loadLlama(folder: string): LlamaLibrary {
  const file = readdirSync(folder).find((name) => /^libllama\..*so$/.test(name));
  if (file !== `libllama.${LLAMA_RELEASE}.so`)
    throw new Error(`${folder}: found ${file ?? 'no libllama'}, expected libllama.${LLAMA_RELEASE}.so`);
  const ggml = koffi.load(join(folder, `libggml.${LLAMA_RELEASE}.so`));
  const llama = koffi.load(join(folder, file));
  koffi.struct('llama_model_params', MODEL_PARAMS);
  koffi.struct('llama_context_params', CONTEXT_PARAMS);
  koffi.struct('llama_batch', BATCH);
  koffi.struct('llama_sampler_chain_params', { no_perf: 'bool' });

  ggml.func('void ggml_backend_load_all_from_path(const char *folder)')(folder);
  llama.func('void llama_backend_init()')();
  return {
    model_default_params: llama.func('llama_model_params llama_model_default_params()'),
    context_default_params: llama.func('llama_context_params llama_context_default_params()'),
    model_load_from_file: llama.func(
      'void *llama_model_load_from_file(const char *path, llama_model_params params)',
    ),
    model_free: llama.func('void llama_model_free(void *model)'),
    init_from_model: llama.func('void *llama_init_from_model(void *model, llama_context_params params)'),
    free: llama.func('void llama_free(void *context)'),
    get_memory: llama.func('void *llama_get_memory(void *context)'),
    memory_clear: llama.func('void llama_memory_clear(void *memory, bool data)'),
    batch_init: llama.func('llama_batch llama_batch_init(int32_t tokens, int32_t embd, int32_t sequences)'),
    batch_free: llama.func('void llama_batch_free(llama_batch batch)'),
    decode: llama.func('int32_t llama_decode(void *context, llama_batch batch)'),
    sampler_chain_init: llama.func('void *llama_sampler_chain_init(llama_sampler_chain_params params)'),
    sampler_chain_add: llama.func('void llama_sampler_chain_add(void *chain, void *sampler)'),
    sampler_init_dist: llama.func('void *llama_sampler_init_dist(uint32_t seed)'),
    sampler_init_greedy: llama.func('void *llama_sampler_init_greedy()'),
    sampler_sample: llama.func('int32_t llama_sampler_sample(void *sampler, void *context, int32_t index)'),
    sampler_free: llama.func('void llama_sampler_free(void *sampler)'),
  };
}
