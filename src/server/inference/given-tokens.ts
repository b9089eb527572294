/** The tokens of what a request gives: its text cut into tokens, or ids as they are. */
import type { Decoder } from '../../engine/index.ts';
import { invalid } from '../errors.ts';

/** Throws a 400 naming `param` where the model does not have one of the ids. */
export function checkTokenIds(ids: readonly number[], { config }: Decoder, param: string): void {
  const foreign = ids.find((id) => id >= config.vocabSize);
  if (foreign !== undefined)
    throw invalid(`The token id ${foreign} is beyond the model's vocabulary of ${config.vocabSize}.`, param);
}

/**
 * Token ids of a text, the tokenizer's own additions included, or those that were given. Throws a 400 naming `param` where
 * there are none, or the model does not have them; `what` is what the message calls it.
 */
export function givenTokens(
  given: string | number[],
  decoder: Decoder,
  { param, what }: { param: string; what: string },
): number[] {
  let ids: number[];
  try {
    ids = typeof given === 'string' ? decoder.tokenizer.encode(given, { addSpecialTokens: true }) : given;
  } catch (error) {
    throw invalid(`The ${what} cannot be given to this model: ${(error as Error).message}.`, param);
  }
  if (ids.length === 0) throw invalid(`The ${what} comes to no tokens at all.`, param);
  checkTokenIds(ids, decoder, param);
  return ids;
}
