/** Makes the engine and tokenizer that a recipe names: a model folder, a shipped model, or a fresh one. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createOnnxEngine, type Engine } from '../../engine/index.ts';
import { type ModelConfig, modelConfigSchema } from '../../nn/index.ts';
import { loadTokenizer, symbolTokenizer, type Tokenizer } from '../../text/index.ts';
import { describeIssues, type Recipe, RecipeError } from '../../training/index.ts';
import { asUsage, CliError, reasonOf } from '../errors.ts';
import { packageRoot } from '../package.ts';
import { SHIPPED } from '../recipe/load-recipe.ts';

export interface MadeModel {
  engine: Engine;
  tokenizer: Tokenizer;
}

/** The folder of a model: shipped ones lie in the package. Throws a CliError when there is none. */
export async function modelFolder(model: string): Promise<string> {
  const isShipped = model.startsWith(SHIPPED);
  const folder = isShipped ? join(packageRoot, 'models', model.slice(SHIPPED.length)) : model;
  const found = await stat(folder).catch((error: unknown) => {
    const hint = isShipped ? '' : '; expected a Hugging Face folder with config.json and model.safetensors';
    throw new CliError(`there is no model folder ${folder}: ${reasonOf(error)}${hint}`, { cause: error });
  });
  if (!found.isDirectory()) throw new CliError(`${folder} is no model folder: it is a file`);
  return folder;
}

export interface ModelOptions {
  valueHead?: boolean;
  lora?: Recipe['lora'];
  seed?: number;
}

/** Loads a model folder with its tokenizer. Throws a CliError naming the folder and what is wrong with it. */
export async function loadModel(model: string, options: ModelOptions = {}): Promise<MadeModel> {
  const folder = await modelFolder(model);
  return await asUsage(async () => {
    const tokenizer = await loadTokenizer(folder);
    return { engine: await createOnnxEngine({ ...options, model: folder, tokenizer }), tokenizer };
  });
}

/** The engine that a recipe's run starts from. `symbols` are the environment's, for a fresh model's tokenizer. */
export async function makeModel(
  recipe: Pick<Recipe, 'model' | 'lora' | 'seed'>,
  symbols: readonly string[],
  options: { valueHead?: boolean } = {},
): Promise<MadeModel> {
  const { model, lora, seed } = recipe;
  if (typeof model === 'string') return await loadModel(model, { ...options, lora, seed });
  const tokenizer = symbolTokenizer(symbols);
  const config = freshConfig(model.config, tokenizer);
  return await asUsage(async () => ({
    engine: await createOnnxEngine({ ...options, model: config, tokenizer, lora, seed }),
    tokenizer,
  }));
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
