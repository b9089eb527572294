/** The `g2p` environment: from the letters of an English word to its phonemes, on the CMU Pronouncing Dictionary. */
import { z } from 'zod';
import { graded } from '../graders/index.ts';
import type { Environment, Grader, Split } from '../types/index.ts';
import { checkIndex } from './generated.ts';
import { parseOptions } from './options.ts';
import {
  type DictionaryEntry,
  loadDictionary,
  PHONEMES,
  STRESSED_PHONEMES,
} from './pronouncing-dictionary.ts';
import { closestPronunciation, parsePhonemes } from './pronunciation-errors.ts';
import { hashFraction, splitOfFraction } from './split-rule.ts';

export const g2pOptions = z.strictObject({
  /** Keep the stress digits of vowels (0, 1, 2). Default false, as in most published results. */
  stress: z.boolean().default(false),
  /** Longest word kept, in letters. Default all; published results keep all. */
  maxLetters: z.number().int().min(1).default(100),
});
export type G2pOptions = z.input<typeof g2pOptions>;

export interface G2pData {
  word: string;
  /** Accepted pronunciations, in the dictionary's order. */
  pronunciations: string[][];
}

/** 5 % of the words for validation, 10 % for testing, as is usual on this dictionary. */
const SHARES = { validation: 0.05, test: 0.1 };

/**
 * Prompt `hello>`; completion ` HH AH L OW`: each phoneme is one symbol that begins with its space, so that text and
 * symbols are unambiguous both ways. The worked completion is the dictionary's first pronunciation.
 *
 * Words: of the package's 126 046 words (135 155 entries with their variants), the 117 490 written with the letters a to
 * z alone; 8 556 with apostrophes, hyphens, dots or digits are left out. A word's variants are one task with several
 * accepted pronunciations.
 *
 * Split rule: u = the first 48 bits of SHA-256(word), as a fraction; validation where u < 0.05, test where
 * 0.05 <= u < 0.15, else train. It depends on nothing but the word. Within a split, words are in the order of u, so any
 * first n of a split are a fair sample of it.
 *
 * Score: 1 where the phonemes equal an accepted pronunciation, else 0. Parts: `phonemeErrors`, edits to the closest
 * pronunciation, and `phonemes`, its length.
 *
 * Throws an Error that names the option where one is wrong.
 */
export async function g2p(options: G2pOptions = {}): Promise<Environment<G2pData>> {
  const { stress, maxLetters } = parseOptions('g2p', g2pOptions, options);
  const splits = splitEntries((await loadDictionary(stress)).filter(({ word }) => word.length <= maxLetters));
  return {
    name: 'g2p',
    size: (split) => splits[split].length,
    task(split, index) {
      checkIndex('g2p', split, index, splits[split].length);
      const { word, pronunciations } = splits[split][index];
      return {
        id: `g2p/${word}`,
        prompt: `${word}>`,
        data: { word, pronunciations: pronunciations.map((phonemes) => phonemes.split(' ')) },
        completion: ` ${pronunciations[0]}`,
        metadata: { letters: word.length, pronunciations: pronunciations.length },
      };
    },
    grader: g2pGrader,
    symbols: [
      ...'abcdefghijklmnopqrstuvwxyz>',
      ...(stress ? STRESSED_PHONEMES : PHONEMES).map((phoneme) => ` ${phoneme}`),
    ],
  };
}

function splitEntries(entries: readonly DictionaryEntry[]): Record<Split, DictionaryEntry[]> {
  const splits: Record<Split, DictionaryEntry[]> = { train: [], validation: [], test: [] };
  const hashed = entries.map((entry) => ({ entry, u: hashFraction(entry.word) }));
  hashed.sort((a, b) => a.u - b.u);
  for (const { entry, u } of hashed) splits[splitOfFraction(u, SHARES)].push(entry);
  return splits;
}

const g2pGrader: Grader<G2pData> = {
  name: 'g2p',
  grade({ task, completion }) {
    const { errors, length } = closestPronunciation({
      phonemes: parsePhonemes(completion),
      pronunciations: task.data.pronunciations,
    });
    return graded(errors === 0 ? 1 : 0, { phonemeErrors: errors, phonemes: length });
  },
};
