/**
 * The CMU Pronouncing Dictionary, as the npm package `cmu-pronouncing-dictionary` ships it: words and pronunciations.
 *
 * Licences: the package is ISC, Copyright (c) 2015 Zeke Sikelianos. The dictionary itself (cmusphinx/cmudict) is under a
 * two-clause BSD-style licence, Copyright (C) 1993-2015 Carnegie Mellon University: redistribution with or without
 * modification is permitted, provided that source forms keep, and binary forms reproduce, its copyright notice,
 * conditions and disclaimer. Burnish holds no copy of the data; it reads the installed package.
 */

/** A word and its pronunciations: ARPAbet phonemes with a space between (`HH AH L OW`), no two the same. */
export interface DictionaryEntry {
  word: string;
  pronunciations: string[];
}

/** The 39 ARPAbet phonemes of the dictionary. */
export const PHONEMES =
  'AA AE AH AO AW AY B CH D DH EH ER EY F G HH IH IY JH K L M N NG OW OY P R S SH T TH UH UW V W Y Z ZH'.split(
    ' ',
  );
const VOWELS = PHONEMES.filter((phoneme) => /^[AEIOU]/.test(phoneme));
/** The phonemes with stress: each vowel with 0, 1 and 2, and the consonants. */
export const STRESSED_PHONEMES = PHONEMES.flatMap((phoneme) =>
  VOWELS.includes(phoneme) ? ['0', '1', '2'].map((stress) => phoneme + stress) : [phoneme],
);

const LETTERS = /^[a-z]+$/;

/**
 * Groups raw entries by word: the variants `word(2)`, `word(3)`, … join their word, remarks after `#` are dropped,
 * stress is kept or not, and pronunciations that are then equal are kept once, in the dictionary's order.
 * Only words of the letters a to z are kept.
 */
export function groupEntries(raw: Readonly<Record<string, string>>, stress: boolean): DictionaryEntry[] {
  const words = new Map<string, string[]>();
  for (const [key, value] of Object.entries(raw)) {
    const variant = key.indexOf('(');
    const word = variant < 0 ? key : key.slice(0, variant);
    if (!LETTERS.test(word)) continue;
    const remark = value.indexOf('#');
    const spoken = remark < 0 ? value : value.slice(0, remark).trim();
    const phonemes = stress ? spoken : spoken.replace(/[012]/g, '');
    const known = words.get(word);
    if (known === undefined) words.set(word, [phonemes]);
    else if (!known.includes(phonemes)) known.push(phonemes);
  }
  return [...words].map(([word, pronunciations]) => ({ word, pronunciations }));
}

/** Reads the installed package. */
export async function loadDictionary(stress: boolean): Promise<DictionaryEntry[]> {
  const { dictionary } = await import('cmu-pronouncing-dictionary');
  return groupEntries(dictionary, stress);
}
