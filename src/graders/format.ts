/** Grades the structure of a completion, whatever its content. */
import type { Grader, GraderInput } from '../types/index.ts';
import { asScore, graded } from './grades.ts';
import { compilePattern } from './pattern.ts';

export type FormatOptions =
  | { pattern: string | RegExp; flags?: string }
  | { predicate: (completion: string, input: GraderInput) => boolean };

/** Score 1 where the whole completion matches the pattern (from its first to its last character), or the predicate holds; else 0. */
export function format(options: FormatOptions): Grader {
  if ('predicate' in options) {
    const { predicate } = options;
    return { name: 'format', grade: (input) => graded(asScore(predicate(input.completion, input))) };
  }
  const inner = compilePattern(options.pattern, options.flags);
  const whole = new RegExp(`^(?:${inner.source})$`, inner.flags.replace('m', ''));
  return { name: 'format', grade: ({ completion }) => graded(asScore(whole.test(completion))) };
}
