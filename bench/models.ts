/** The Llama-shaped decoders that the benchmarks share, freshly initialised, by the size in their name. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createOnnxEngine, type Engine } from '../src/engine/index.ts';
import type { LoraConfig, ModelConfig } from '../src/nn/index.ts';
import { symbolTokenizer, type Tokenizer } from '../src/text/index.ts';

const VOCABULARY = 512;
const SPECIAL_TOKENS = 2;

/** A Llama of the given width: as many key and value heads as query heads, untied embeddings, a vocabulary of 512. */
function llama(hiddenSize: number, intermediateSize: number, layers: number, headDim: number): ModelConfig {
  const heads = hiddenSize / headDim;
  return {
    architecture: 'llama',
    vocabSize: VOCABULARY,
    hiddenSize,
    intermediateSize,
    layers,
    heads,
    kvHeads: heads,
    headDim,
    ropeTheta: 10_000,
    rmsNormEps: 1e-5,
    maxPositions: 2048,
    tieEmbeddings: false,
    qkvBias: false,
    outputBias: false,
    qkNorm: false,
    eosIds: [1],
    padId: 0,
  };
}

/** Shapes by number of parameters: 0.79, 2.88, 11.8, 28.8 and 45.0 million. */
export const MODELS = {
  '0.8M': llama(128, 256, 4, 32),
  '2.9M': llama(256, 512, 4, 32),
  '12M': llama(512, 1152, 4, 64),
  '29M': llama(768, 2016, 4, 64),
  '45M': llama(768, 2176, 6, 64),
} satisfies Record<string, ModelConfig>;

export type ModelName = keyof typeof MODELS;

/** Adapters on all seven linear layers of a block. */
export const BENCH_LORA: LoraConfig = {
  rank: 8,
  alpha: 16,
  targets: ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj'],
};

/** One character a token, so that texts and token ids say the same: what a made-up vocabulary of 512 consists of. */
export const SYMBOLS: readonly string[] = Array.from({ length: VOCABULARY - SPECIAL_TOKENS }, (_, i) =>
  String.fromCodePoint(0x4e00 + i),
);

/** Symbols that JSON can be written with: what ASCII prints and a line's end, then as many others as there is room for. */
export const WRITING_SYMBOLS: readonly string[] = [
  '\n',
  ...Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i)),
  ...SYMBOLS.slice(96),
];

/** The tokenizer of every bench model: `<pad>` 0, `<eos>` 1, then the symbols. */
export function benchTokenizer(symbols = SYMBOLS): Tokenizer {
  return symbolTokenizer([...symbols]);
}

export interface BenchEngineOptions {
  /** Train adapters only. */
  lora?: boolean;
  /** Most rows that decode together; the engine's default unless given. */
  maxRows?: number;
  /** The weights stay as they are: decoding packs them. */
  pack?: boolean;
  /** What its tokens stand for; `SYMBOLS` unless given. */
  symbols?: readonly string[];
  /** See `OnnxEngineOptions`. */
  profile?: string;
}

/** A fresh engine; the same weights every time. */
export function benchEngine(model: ModelName, options: BenchEngineOptions = {}): Promise<Engine> {
  const { maxRows, pack, symbols, profile } = options;
  return createOnnxEngine({
    model: MODELS[model],
    tokenizer: benchTokenizer(symbols),
    seed: 1,
    decoding: { pack },
    lora: options.lora ? BENCH_LORA : undefined,
    limits: maxRows === undefined ? undefined : { maxRows },
    profile,
  });
}

/** Runs `use` with a folder that is removed afterwards. */
export async function withFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'burnish-bench-'));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Token ids (never special ones) that look random and are the same every time. */
export function someTokens(row: number, length: number): number[] {
  return Array.from({ length }, (_, t) => SPECIAL_TOKENS + ((row * 31 + t * 17 + ((row * t) % 7)) % 500));
}
