/** Decodes tokens to text as they arrive, never showing part of a character. */
import type { DecodeOptions, Tokenizer } from './tokenizer.ts';

const REPLACEMENT = '\uFFFD';

/**
 * Turns token ids into text one at a time. A byte-level token may end inside a UTF-8 character: its text waits until
 * the character is complete. The pieces, with `flush()` at the end, join to `tokenizer.decode(ids)`.
 *
 * Each call decodes a short window (the tokens of the last piece and those after it), so that tokenizers whose text
 * of a token depends on its neighbour (a leading space that is dropped at the start) come out right.
 */
export class StreamDecoder {
  readonly #tokenizer: Pick<Tokenizer, 'decode'>;
  readonly #options: DecodeOptions;
  #window: number[] = [];
  #shownTokens = 0;
  #shownText = '';

  constructor(tokenizer: Pick<Tokenizer, 'decode'>, options: DecodeOptions = {}) {
    this.#tokenizer = tokenizer;
    this.#options = options;
  }

  /** Adds a token; the text that is now complete, perhaps empty. */
  push(id: number): string {
    this.#window.push(id);
    const text = this.#tokenizer.decode(this.#window, this.#options);
    if (text.endsWith(REPLACEMENT)) return '';
    return this.#emit(text);
  }

  /** The text of tokens still waiting; bytes that never became a character come out as U+FFFD. */
  flush(): string {
    if (this.#window.length === this.#shownTokens) return '';
    return this.#emit(this.#tokenizer.decode(this.#window, this.#options));
  }

  #emit(text: string): string {
    const piece = text.slice(this.#shownText.length);
    if (piece === '') return '';
    this.#window = this.#window.slice(this.#shownTokens);
    this.#shownTokens = this.#window.length;
    this.#shownText = this.#tokenizer.decode(this.#window, this.#options);
    return piece;
  }
}
