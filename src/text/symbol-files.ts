/** Writes the tokenizer files of a fixed list of symbols, in the format of Hugging Face's `tokenizer.json`. */

export interface SymbolOptions {
  /** Add a `<bos>` token, which `addSpecialTokens` puts in front. Default false. */
  bos?: boolean;
  /** Jinja source of a chat template to save in `tokenizer_config.json`. */
  chatTemplate?: string;
}

export const PAD = '<pad>';
export const EOS = '<eos>';
export const BOS = '<bos>';

const LONE_SURROGATE = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/;

function checkSymbols(symbols: readonly string[], specials: readonly string[]): void {
  if (symbols.length === 0) throw new Error('symbols: the list is empty, expected at least one symbol');
  const seen = new Set<string>();
  symbols.forEach((symbol, i) => {
    const at = `symbols[${i}] is ${JSON.stringify(symbol)}`;
    if (symbol === '') throw new Error(`${at}, expected at least one character`);
    if (LONE_SURROGATE.test(symbol)) throw new Error(`${at}, which holds half a surrogate pair`);
    if (seen.has(symbol)) throw new Error(`${at}, which is listed twice`);
    const special = specials.find((name) => symbol.includes(name) || name === symbol);
    if (special) throw new Error(`${at}, which contains the special token ${special}`);
    seen.add(symbol);
  });
}

const escapePattern = (text: string) => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');

/**
 * The texts of `tokenizer.json` and `tokenizer_config.json` for a tokenizer with one token a symbol. Ids: `<pad>` 0,
 * `<eos>` 1, `<bos>` 2 if asked for, then the symbols in the order given. It is a merge-free BPE model behind a
 * Split pre-tokenizer whose pattern lists the symbols, longest first, so that every loader of the format takes the
 * longest symbol at each place.
 */
export function symbolTokenizerFiles(
  symbols: readonly string[],
  { bos = false, chatTemplate }: SymbolOptions = {},
): Record<string, string> {
  const specials = bos ? [PAD, EOS, BOS] : [PAD, EOS];
  checkSymbols(symbols, specials);
  const longestFirst = [...symbols].sort((a, b) => b.length - a.length);
  const bosPiece = { SpecialToken: { id: BOS, type_id: 0 } };
  const tokenizer = {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: specials.map((content, id) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: null,
    pre_tokenizer: {
      type: 'Split',
      pattern: { Regex: longestFirst.map(escapePattern).join('|') },
      behavior: 'Isolated',
      invert: false,
    },
    post_processor: bos
      ? {
          type: 'TemplateProcessing',
          single: [bosPiece, { Sequence: { id: 'A', type_id: 0 } }],
          pair: [bosPiece, { Sequence: { id: 'A', type_id: 0 } }, { Sequence: { id: 'B', type_id: 0 } }],
          special_tokens: { [BOS]: { id: BOS, ids: [specials.indexOf(BOS)], tokens: [BOS] } },
        }
      : null,
    decoder: { type: 'Fuse' },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: true,
      vocab: Object.fromEntries([...specials, ...symbols].map((token, id) => [token, id])),
      merges: [],
    },
  };
  const config = {
    tokenizer_class: 'PreTrainedTokenizerFast',
    ...(bos ? { bos_token: BOS } : {}),
    eos_token: EOS,
    pad_token: PAD,
    clean_up_tokenization_spaces: false,
    ...(chatTemplate === undefined ? {} : { chat_template: chatTemplate }),
  };
  return {
    'tokenizer.json': `${JSON.stringify(tokenizer, null, 2)}\n`,
    'tokenizer_config.json': `${JSON.stringify(config, null, 2)}\n`,
  };
}
