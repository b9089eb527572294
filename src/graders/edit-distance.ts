/** Grades a completion by its edit distance to the closest reference answer. */
import type { Grader } from '../types/index.ts';
import { type Extract, wholeCompletion } from './extract.ts';
import { graded } from './grades.ts';
import { levenshtein } from './levenshtein.ts';
import { type ReferenceOptions, referencesOf } from './references.ts';

export interface EditDistanceOptions<Data> extends ReferenceOptions<Data> {
  /** What is inserted, deleted and substituted: symbols between white space (default) or characters. */
  unit?: 'symbols' | 'characters';
  /** Takes the answer out of the completion. Default: the whole of it. */
  extract?: Extract;
}

const SPLIT: Record<'symbols' | 'characters', (text: string) => string[]> = {
  symbols: (text) => text.split(/\s+/).filter((symbol) => symbol !== ''),
  characters: (text) => [...text.trim()],
};

/**
 * Score max(0, 1 - distance / reference length), the best over the references; an empty reference scores 1 against an
 * empty answer, else 0. Parts: `distance` and `referenceLength` of the reference that scored best (the first of equals).
 */
export function editDistance<Data = unknown>(options: EditDistanceOptions<Data> = {}): Grader<Data> {
  const split = SPLIT[options.unit ?? 'symbols'];
  const extract = options.extract ?? wholeCompletion;
  return {
    name: 'editDistance',
    grade({ task, completion }) {
      const answer = split(extract(completion) ?? '');
      let best = { score: -1, distance: 0, referenceLength: 0 };
      for (const text of referencesOf(task, options)) {
        const reference = split(text);
        const distance = levenshtein(answer, reference);
        const score = distance === 0 ? 1 : Math.max(0, 1 - distance / Math.max(1, reference.length));
        if (score > best.score) best = { score, distance, referenceLength: reference.length };
      }
      return graded(best.score, { distance: best.distance, referenceLength: best.referenceLength });
    },
  };
}
