/** What every tokenizer offers: text to token ids and back, special ids, and the files to save beside a model. */

export interface EncodeOptions {
  /** Add what the tokenizer's own post-processor adds (a leading `<bos>`, say). Default false. */
  addSpecialTokens?: boolean;
}

export interface DecodeOptions {
  /** Leave special tokens out of the text. Default true. */
  skipSpecial?: boolean;
}

export interface Tokenizer {
  /** Largest token id plus one. A model's output layer may be wider (padded). */
  readonly vocabSize: number;
  /** Token ids of `text`; a special token written out in the text becomes its id. */
  encode(text: string, options?: EncodeOptions): number[];
  /**
   * Text of the ids. Ids of `vocabSize` and above, and holes in the vocabulary, give no text (a model's padded
   * outputs); a negative or fractional id throws a RangeError. Text is never cleaned up: what was encoded comes back.
   */
  decode(ids: readonly number[], options?: DecodeOptions): string;
  tokenToId(token: string): number | undefined;
  readonly bosId?: number;
  /** The end-of-sequence token that supervised examples end with. */
  readonly eosId: number;
  /** Every token that ends a completion, `eosId` first. */
  readonly eosIds: readonly number[];
  /** The padding token; `eosId` where the tokenizer has none. */
  readonly padId: number;
  readonly specialIds: ReadonlySet<number>;
  /** Text of the special tokens, as chat templates ask for it. */
  readonly bosToken?: string;
  readonly eosToken: string;
  /** Jinja source of the model's chat template, where it has one. */
  readonly chatTemplate?: string;
  /** Contents of the files to save beside a model, by file name. */
  files(): Record<string, string>;
}
