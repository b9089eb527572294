/** Finds a tokenizer's begin, end, padding and other special tokens in its files. */
import type { Tokenizer } from './tokenizer.ts';
import {
  eosConfigSchema,
  parseJsonFile,
  type TokenizerConfig,
  type TokenizerJson,
} from './tokenizer-json.ts';

type Named = Pick<
  Tokenizer,
  'bosId' | 'bosToken' | 'eosId' | 'eosIds' | 'eosToken' | 'padId' | 'specialIds' | 'chatTemplate'
>;

/** End ids that a model's own settings name, generation settings first. */
function configuredEosIds(files: Readonly<Record<string, string>>): number[] {
  return ['generation_config.json', 'config.json'].flatMap((name) => {
    const text = files[name];
    if (text === undefined) return [];
    return parseJsonFile(name, text, eosConfigSchema).eos_token_id ?? [];
  });
}

/** The special tokens of a tokenizer; throws an Error where neither the tokenizer nor the model names an end token. */
export function namedTokens(
  files: Readonly<Record<string, string>>,
  json: TokenizerJson,
  config: TokenizerConfig,
  tokenToId: (token: string) => number | undefined,
): Named {
  const idOf = (field: 'bos_token' | 'eos_token' | 'pad_token') => {
    const token = config[field];
    if (token === undefined) return undefined;
    const id = tokenToId(token);
    if (id === undefined)
      throw new Error(
        `tokenizer_config.json: ${field} is ${JSON.stringify(token)}, which the vocabulary lacks`,
      );
    return id;
  };
  const added = json.added_tokens ?? [];
  const eos = idOf('eos_token');
  const eosIds = [...new Set([...(eos === undefined ? [] : [eos]), ...configuredEosIds(files)])];
  if (eosIds.length === 0)
    throw new Error(
      'no end-of-sequence token: expected eos_token in tokenizer_config.json or eos_token_id in config.json',
    );
  const bosId = idOf('bos_token');
  const padId = idOf('pad_token') ?? eosIds[0];
  const special = added.filter((token) => token.special).map((token) => token.id);
  // As in transformers, a file of its own goes before the field of the configuration.
  const chatTemplate = files['chat_template.jinja'] ?? config.chat_template;
  const eosToken = config.eos_token ?? added.find((token) => token.id === eosIds[0])?.content ?? '';
  return {
    ...(bosId === undefined ? {} : { bosId, bosToken: config.bos_token }),
    eosId: eosIds[0],
    eosIds,
    eosToken,
    padId,
    specialIds: new Set([...special, ...eosIds, padId, ...(bosId === undefined ? [] : [bosId])]),
    ...(chatTemplate === undefined ? {} : { chatTemplate }),
  };
}
