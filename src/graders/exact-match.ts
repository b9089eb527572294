/** Grades a completion by comparing it with reference answers, as they are or normalised. */
import type { Grader } from '../types/index.ts';
import { type Extract, wholeCompletion } from './extract.ts';
import { asScore, graded } from './grades.ts';
import { type ReferenceOptions, referencesOf } from './references.ts';

/**
 * Normalises as SQuAD's evaluation does (Rajpurkar et al., 2016): Unicode NFKC, lower case, no punctuation, no
 * English articles, single spaces.
 */
export function normalizeAnswer(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/\p{P}/gu, '')
    .replace(/\b(?:a|an|the)\b/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
}

export interface ExactMatchOptions<Data> extends ReferenceOptions<Data> {
  /** `true` for `normalizeAnswer`, or a function of your own; applied to both sides. Default: only the ends are trimmed. */
  normalize?: boolean | ((text: string) => string);
  /** Takes the answer out of the completion. Default: the whole of it. */
  extract?: Extract;
}

/** Score 1 where the completion equals any reference answer, else 0. */
export function exactMatch<Data = unknown>(options: ExactMatchOptions<Data> = {}): Grader<Data> {
  const { normalize = false, extract = wholeCompletion } = options;
  const clean = typeof normalize === 'function' ? normalize : normalize ? normalizeAnswer : wholeText;
  return {
    name: 'exactMatch',
    grade({ task, completion }) {
      const references = referencesOf(task, options);
      const answer = extract(completion);
      if (answer === undefined) return graded(0);
      const cleaned = clean(answer);
      return graded(asScore(references.some((reference) => clean(reference) === cleaned)));
    },
  };
}

const wholeText = (text: string) => text.trim();
