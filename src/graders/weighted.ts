/** Combines graders into a weighted mean. */
import type { Grade, Grader } from '../types/index.ts';
import { failed, graded, safeGrade } from './grades.ts';

/** Graders by the name of their part, each with its weight (above 0). A grader alone has weight 1. */
export type WeightedParts<Data> = Readonly<
  Record<string, Grader<Data> | { grader: Grader<Data>; weight: number }>
>;

/**
 * Score: the sum of weight times score over the sum of weights, so again in [0, 1]. Parts: each grader's score under
 * its name, and that grader's own parts under `name.part`. Graders run at the same time.
 *
 * Where any part fails to grade, the whole grade is failed, with the names and reasons: a sum with a part missing
 * would be a wrong score that looks like a right one.
 */
export function weighted<Data = unknown>(parts: WeightedParts<Data>): Grader<Data> {
  const entries = Object.entries(parts).map(([name, part]) =>
    'grader' in part ? { name, ...part } : { name, grader: part, weight: 1 },
  );
  if (entries.length === 0) throw new Error('weighted: no graders given, expected at least one');
  for (const { name, weight } of entries)
    if (!(weight > 0 && Number.isFinite(weight)))
      throw new RangeError(`weighted: the weight of ${name} is ${weight}, expected a number above 0`);
  const total = entries.reduce((sum, { weight }) => sum + weight, 0);

  const combine = (grades: readonly Grade[]): Grade => {
    const reasons: string[] = [];
    const named: Record<string, number> = {};
    let score = 0;
    grades.forEach((grade, i) => {
      const { name, weight } = entries[i];
      if (grade.status === 'failed') {
        reasons.push(`${name}: ${grade.reason}`);
        return;
      }
      score += (weight / total) * grade.score;
      named[name] = grade.score;
      for (const [part, value] of Object.entries(grade.parts ?? {})) named[`${name}.${part}`] = value;
    });
    if (reasons.length > 0) return failed(reasons.join('; '));
    return graded(Math.min(1, score), named);
  };

  return {
    name: 'weighted',
    grade(input, signal) {
      const grades = entries.map(({ grader }) => safeGrade(grader, input, signal));
      if (grades.some((grade) => grade instanceof Promise)) return Promise.all(grades).then(combine);
      return combine(grades as Grade[]);
    },
  };
}
