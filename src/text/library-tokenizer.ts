/** A tokenizer read from Hugging Face files, run by the @huggingface/tokenizers library. */
import { Tokenizer as LibraryTokenizer } from '@huggingface/tokenizers';
import { namedTokens } from './special-tokens.ts';
import type { Tokenizer } from './tokenizer.ts';
import {
  parseJsonFile,
  type TokenizerConfig,
  type TokenizerJson,
  tokenizerConfigSchema,
  tokenizerJsonSchema,
} from './tokenizer-json.ts';

/** The files of a tokenizer: texts by name. `tokenizer.json` is required. */
export type TokenizerFiles = Readonly<Record<string, string>>;

/** Reads the two main files; a missing `tokenizer_config.json` counts as empty. */
export function readTokenizerFiles(files: TokenizerFiles): { json: TokenizerJson; config: TokenizerConfig } {
  const text = files['tokenizer.json'];
  if (text === undefined) throw new Error('tokenizer.json is missing');
  return {
    json: parseJsonFile('tokenizer.json', text, tokenizerJsonSchema),
    config: parseJsonFile(
      'tokenizer_config.json',
      files['tokenizer_config.json'] ?? '{}',
      tokenizerConfigSchema,
    ),
  };
}

/** The error for what is no token id. */
export function badTokenId(id: number): RangeError {
  return new RangeError(`decode: token id ${id}, expected an integer from 0`);
}

/**
 * A tokenizer run by the library, from the texts of its files (see `files()`).
 * Throws an Error that names the file where one is missing or malformed, or where no end token can be found.
 */
export function libraryTokenizer(files: TokenizerFiles): Tokenizer {
  const { json, config } = readTokenizerFiles(files);
  const library = new LibraryTokenizer({ added_tokens: [], ...json }, config);
  const vocab = library.get_vocab();
  let vocabSize = 0;
  for (const id of vocab.values()) vocabSize = Math.max(vocabSize, id + 1);
  const named = namedTokens(files, json, config, (token) => library.token_to_id(token));
  const known = (id: number) => library.id_to_token(id) !== undefined;
  return {
    ...named,
    vocabSize,
    encode(text, { addSpecialTokens = false } = {}) {
      return library.encode(text, { add_special_tokens: addSpecialTokens }).ids;
    },
    decode(ids, { skipSpecial = true } = {}) {
      for (const id of ids) if (!Number.isInteger(id) || id < 0) throw badTokenId(id);
      const kept = ids.filter((id) => known(id) && !(skipSpecial && named.specialIds.has(id)));
      if (kept.length === 0) return '';
      return library.decode(kept, { skip_special_tokens: false, clean_up_tokenization_spaces: false });
    },
    tokenToId: (token) => library.token_to_id(token),
    files: () => ({ ...files }),
  };
}
