/** Word and phoneme error rates of grapheme-to-phoneme conversion, as the field computes them. */
import { levenshtein } from '../graders/index.ts';

/** What a model said of a word, and what the dictionary accepts. */
export interface PronunciationResult {
  phonemes: readonly string[];
  pronunciations: readonly (readonly string[])[];
}

/** Phonemes of a completion: its symbols between white space. */
export function parsePhonemes(completion: string): string[] {
  return completion.split(/\s+/).filter((symbol) => symbol !== '');
}

/**
 * Edits to the closest accepted pronunciation, and that pronunciation's length. Of several equally close, the first in
 * the dictionary. Throws a RangeError where there is none.
 */
export function closestPronunciation({ phonemes, pronunciations }: PronunciationResult): {
  errors: number;
  length: number;
} {
  if (pronunciations.length === 0)
    throw new RangeError('pronunciations: the list is empty, expected at least one');
  let best = { errors: Number.POSITIVE_INFINITY, length: 0 };
  for (const pronunciation of pronunciations) {
    const errors = levenshtein(phonemes, pronunciation);
    if (errors < best.errors) best = { errors, length: pronunciation.length };
  }
  return best;
}

function checkNotEmpty(results: readonly PronunciationResult[]): void {
  if (results.length === 0) throw new RangeError('results: the list is empty, expected at least one');
}

/** Share of words, in [0, 1], whose phonemes equal none of the accepted pronunciations. Throws a RangeError on no results. */
export function wordErrorRate(results: readonly PronunciationResult[]): number {
  checkNotEmpty(results);
  return results.filter((result) => closestPronunciation(result).errors > 0).length / results.length;
}

/**
 * Sum of the edits to the closest pronunciations over the sum of those pronunciations' lengths, from 0 (above 1 where a
 * model says far too much). Throws a RangeError on no results.
 */
export function phonemeErrorRate(results: readonly PronunciationResult[]): number {
  checkNotEmpty(results);
  const closest = results.map(closestPronunciation);
  const errors = closest.reduce((sum, { errors: n }) => sum + n, 0);
  return errors / closest.reduce((sum, { length }) => sum + length, 0);
}
