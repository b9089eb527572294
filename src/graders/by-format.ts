/** Grades answers that may be written in several formats, and says which format each was in. */
import type { Grader } from '../types/index.ts';
import type { Extract } from './extract.ts';
import { asScore, graded } from './grades.ts';
import { type ReferenceOptions, referencesOf } from './references.ts';

/** One way of writing an answer. */
export interface AnswerFormat {
  /** Its name in parts of grades: letters, digits and hyphens. */
  name: string;
  /** Whether a completion is in this format. */
  matches(completion: string): boolean;
  /** The answer of a completion in this format: read, or found by running what is written. */
  answer: Extract;
}

export interface ByFormatOptions<Data> extends ReferenceOptions<Data> {
  /** The first that matches is the completion's; the order is part of what is measured. At least one. */
  formats: readonly AnswerFormat[];
  /** Reads the answer where no format matches, or where the format that does gives none. Default: there is no answer. */
  fallback?: Extract;
}

/** Name of the format of completions that are in none. */
export const NO_FORMAT = 'none';

/** The format of a completion, and the answer that it gives. */
export function readByFormat(
  completion: string,
  { formats, fallback }: Pick<ByFormatOptions<unknown>, 'formats' | 'fallback'>,
): { format: string; answer: string | undefined } {
  const format = formats.find(({ matches }) => matches(completion));
  const answer = format?.answer(completion) ?? fallback?.(completion);
  return { format: format?.name ?? NO_FORMAT, answer };
}

/**
 * Score 1 where the answer equals a reference answer (space at the ends apart), in whatever format, else 0: no format is
 * better than another. Parts: `share.<format>` is 1 for the completion's format and 0 for all others, so that its mean is
 * the format's share; `accuracy.<format>` is the score, present for the completion's format only, so that its mean is the
 * accuracy within the format. The verifier of Zhao et al. 2025, "Echo Chamber", with any formats.
 * Throws a RangeError where no format is given or two share a name.
 */
export function byFormat<Data = unknown>(options: ByFormatOptions<Data>): Grader<Data> {
  const names = [...options.formats.map(({ name }) => name), NO_FORMAT];
  if (names.length < 2) throw new RangeError('byFormat: formats is empty, expected at least one');
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined)
    throw new RangeError(`byFormat: two formats are named ${twice}, expected names of their own`);
  return {
    name: 'byFormat',
    grade({ task, completion }) {
      const references = referencesOf(task, options);
      const { format, answer } = readByFormat(completion, options);
      const said = answer?.trim();
      const score = asScore(references.some((reference) => reference.trim() === said));
      const shares = names.map((name) => [`share.${name}`, asScore(name === format)]);
      return graded(score, { ...Object.fromEntries(shares), [`accuracy.${format}`]: score });
    },
  };
}
