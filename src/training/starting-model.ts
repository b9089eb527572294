/** Makes the engine and tokenizer that a recipe starts from: a model folder, a shipped model, or a fresh one. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createOnnxEngine, type Engine } from '../engine/index.ts';
import { type ModelConfig, modelConfigSchema } from '../nn/index.ts';
import { loadTokenizer, PLAIN_CHAT_TEMPLATE, symbolTokenizer, type Tokenizer } from '../text/index.ts';
import type { Recipe } from './recipe.ts';
import { describeIssues, RecipeError } from './recipe-errors.ts';

/** How models that lie in the package are named in recipes, as in `burnish/countdown`. */
export const SHIPPED_PREFIX = 'burnish/';

const MODELS = fileURLToPath(new URL('../../models/', import.meta.url));

/** The folder of a model that a recipe names; it need not exist. */
export function modelFolderOf(model: string): string {
  return model.startsWith(SHIPPED_PREFIX) ? join(MODELS, model.slice(SHIPPED_PREFIX.length)) : model;
}

export interface StartingModel {
  engine: Engine;
  tokenizer: Tokenizer;
}

/**
 * The engine that a recipe's run starts from. `symbols` are the environment's, for a fresh model's tokenizer.
 * Throws a RecipeError for the shape of a fresh model, and whatever reading a model folder throws.
 */
export async function startingModel(
  {
    model,
    lora,
    seed,
    recompute,
    decoding,
  }: Pick<Recipe, 'model' | 'lora' | 'seed' | 'recompute' | 'decoding'>,
  symbols: readonly string[],
  { valueHead }: { valueHead?: boolean } = {},
): Promise<StartingModel> {
  const isFolder = typeof model === 'string';
  const tokenizer = isFolder
    ? await loadTokenizer(modelFolderOf(model))
    : symbolTokenizer(symbols, { chatTemplate: PLAIN_CHAT_TEMPLATE });
  const from = isFolder ? modelFolderOf(model) : freshConfig(model.config, tokenizer);
  return {
    engine: await createOnnxEngine({ model: from, tokenizer, lora, seed, recompute, decoding, valueHead }),
    tokenizer,
  };
}

/** Shape of a fresh model where the recipe leaves it open. */
const DEFAULTS = {
  architecture: 'llama',
  hiddenSize: 128,
  layers: 4,
  heads: 4,
  ropeTheta: 10_000,
  rmsNormEps: 1e-5,
  maxPositions: 256,
  tieEmbeddings: true,
};

/**
 * The whole config of a fresh model: the recipe's keys, defaults for the others, vocabulary and special tokens from the
 * tokenizer. Throws a RecipeError that lists the keys that are wrong.
 */
export function freshConfig(given: Readonly<Record<string, unknown>>, tokenizer: Tokenizer): ModelConfig {
  const fixed = {
    vocabSize: tokenizer.vocabSize,
    eosIds: [...tokenizer.eosIds],
    padId: tokenizer.padId,
    ...(tokenizer.bosId === undefined ? {} : { bosId: tokenizer.bosId }),
  };
  const base: Record<string, unknown> = { ...DEFAULTS, ...given };
  const hiddenSize = Number(base.hiddenSize);
  const config = {
    intermediateSize: 2 * hiddenSize,
    kvHeads: base.heads,
    headDim: Math.round(hiddenSize / Number(base.heads)),
    qkvBias: base.architecture === 'qwen2',
    outputBias: base.architecture === 'llama' && base.qkvBias === true,
    qkNorm: base.architecture === 'qwen3',
    ...base,
    ...fixed,
  };
  const clash = Object.keys(fixed).filter((key) => key in given);
  if (clash.length > 0)
    throw new RecipeError(clash.map((key) => `model.config.${key}: given, but the tokenizer fixes it`));
  const parsed = modelConfigSchema.safeParse(config);
  // Attention over the cache works on blocks of 8.
  if (parsed.success && parsed.data.headDim % 8 !== 0)
    throw new RecipeError([
      `model.config.headDim: ${parsed.data.headDim} (hiddenSize / heads unless given), expected a multiple of 8`,
    ]);
  if (parsed.success) return parsed.data;
  throw new RecipeError(
    describeIssues(parsed.error.issues, modelConfigSchema, config, { at: ['model', 'config'] }),
  );
}
