/** Grades a completion by whether a regular expression is found in it. */
import type { Grader } from '../types/index.ts';
import { asScore, graded } from './grades.ts';
import { compilePattern } from './pattern.ts';

export interface RegexOptions {
  pattern: string | RegExp;
  /** Flags of the pattern (`i`, `m`, `s`, `u`). */
  flags?: string;
}

/** Score 1 where the pattern matches anywhere in the completion, else 0. */
export function regex({ pattern, flags }: RegexOptions): Grader {
  const compiled = compilePattern(pattern, flags);
  return { name: 'regex', grade: ({ completion }) => graded(asScore(compiled.test(completion))) };
}
