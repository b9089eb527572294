/** Loads the models that a method reads beside the one it trains. */
import { createOnnxEngine, type FrozenEngine } from '../engine/index.ts';
import { loadTokenizer, type Tokenizer } from '../text/index.ts';
import { modelFolderOf } from './starting-model.ts';

/** Special tokens and the text of every id: what two models must share to be compared token by token. */
const vocabularyOf = (tokenizer: Tokenizer) =>
  JSON.stringify([
    tokenizer.eosIds,
    Array.from({ length: tokenizer.vocabSize }, (_, id) => tokenizer.decode([id])),
  ]);

/**
 * Frozen models by name, from model folders (or shipped models) by the same names. Throws an Error that names the folder
 * where it holds no model, or one whose tokens are not those of `tokenizer`.
 */
export async function frozenModels(
  folders: Readonly<Record<string, string>>,
  tokenizer: Tokenizer,
): Promise<Record<string, FrozenEngine>> {
  const models: Record<string, FrozenEngine> = {};
  for (const [name, model] of Object.entries(folders)) {
    const folder = modelFolderOf(model);
    if (vocabularyOf(await loadTokenizer(folder)) !== vocabularyOf(tokenizer))
      throw new Error(
        `${name}: the tokens of the model in ${folder} are not those of the model that is trained`,
      );
    models[name] = await createOnnxEngine({ model: folder, tokenizer });
  }
  return models;
}
