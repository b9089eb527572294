/** Makes the engine and tokenizer that a recipe names: a model folder, a shipped model, or a fresh one. */
import { stat } from 'node:fs/promises';
import { createOnnxEngine, type DecodingSettings } from '../../engine/index.ts';
import { loadTokenizer } from '../../text/index.ts';
import {
  modelFolderOf,
  type Recipe,
  SHIPPED_PREFIX,
  type StartingModel,
  startingModel,
} from '../../training/index.ts';
import { asUsage, CliError, reasonOf } from '../errors.ts';

/** The folder of a model: shipped ones lie in the package. Throws a CliError when there is none. */
export async function modelFolder(model: string): Promise<string> {
  const folder = modelFolderOf(model);
  const found = await stat(folder).catch((error: unknown) => {
    const hint = model.startsWith(SHIPPED_PREFIX)
      ? ''
      : '; expected a Hugging Face folder with config.json and model.safetensors';
    throw new CliError(`there is no model folder ${folder}: ${reasonOf(error)}${hint}`, { cause: error });
  });
  if (!found.isDirectory()) throw new CliError(`${folder} is no model folder: it is a file`);
  return folder;
}

export interface ModelOptions {
  valueHead?: boolean;
  lora?: Recipe['lora'];
  recompute?: Recipe['recompute'];
  decoding?: DecodingSettings;
  seed?: number;
}

/** Loads a model folder with its tokenizer. Throws a CliError naming the folder and what is wrong with it. */
export async function loadModel(model: string, options: ModelOptions = {}): Promise<StartingModel> {
  const folder = await modelFolder(model);
  return await asUsage(async () => {
    const tokenizer = await loadTokenizer(folder);
    return { engine: await createOnnxEngine({ ...options, model: folder, tokenizer }), tokenizer };
  });
}

/** The engine that a recipe's run starts from. `symbols` are the environment's, for a fresh model's tokenizer. */
export async function makeModel(
  recipe: Pick<Recipe, 'model' | 'lora' | 'seed' | 'recompute' | 'decoding'>,
  symbols: readonly string[],
  options: { valueHead?: boolean } = {},
): Promise<StartingModel> {
  const { model, lora, seed, recompute, decoding } = recipe;
  if (typeof model === 'string')
    return await loadModel(model, { ...options, lora, seed, recompute, decoding });
  return await asUsage(() => startingModel(recipe, symbols, options));
}
