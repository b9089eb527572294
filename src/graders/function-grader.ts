/** Makes a grader of a plain function. */
import type { Grade, Grader, GraderInput } from '../types/index.ts';
import { graded, isThenable } from './grades.ts';

/** What a grading function may return: a score in [0, 1], or a grade. */
export type Graded = number | Grade;

/**
 * A grader from a function of your own. It may be asynchronous, and may throw: that counts as a failure to grade.
 * Long work should heed the signal, which is aborted at the time limit.
 */
export function functionGrader<Data = unknown>(
  name: string,
  fn: (input: GraderInput<Data>, signal: AbortSignal) => Graded | Promise<Graded>,
): Grader<Data> {
  const asGrade = (result: Graded) => (typeof result === 'number' ? graded(result) : result);
  return {
    name,
    grade(input, signal) {
      const result = fn(input, signal);
      return isThenable(result) ? Promise.resolve(result).then(asGrade) : asGrade(result);
    },
  };
}
