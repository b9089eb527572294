/** Text: tokenizers, chat templates, stop strings and decoding token by token. */
export {
  DEFAULT_CHAT_TEMPLATE,
  PLAIN_CHAT_TEMPLATE,
  type RenderOptions,
  renderChat,
} from './chat-template.ts';
export { type EpisodeMarks, type EpisodeSpans, REASONING_CUES, splitEpisodes } from './episodes.ts';
export { libraryTokenizer, type TokenizerFiles } from './library-tokenizer.ts';
export { loadTokenizer } from './load-tokenizer.ts';
export { StopMatcher } from './stop-matcher.ts';
export { StreamDecoder } from './stream-decoder.ts';
export { type SymbolOptions, symbolTokenizerFiles } from './symbol-files.ts';
export { symbolTokenizer, tokenizerFromFiles } from './symbol-tokenizer.ts';
export type { DecodeOptions, EncodeOptions, Tokenizer } from './tokenizer.ts';
export {
  identityTransform,
  leetspeak,
  rot13,
  substitution,
  swapCase,
  type TextTransform,
  textTransforms,
} from './transforms.ts';
