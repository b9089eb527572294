/** Makes grader inputs for tests. */
import type { Grade, Grader, GraderInput } from '../types/index.ts';

/** An input whose task holds `data`. */
export function inputOf<Data>(
  completion: string,
  data: Data,
  tokens: readonly number[] = [],
): GraderInput<Data> {
  return { task: { id: 'test/1', prompt: 'p', data }, completion, tokens, finishReason: 'stop' };
}

/** Grades one completion against data. */
export async function gradeOf<Data>(grader: Grader<Data>, completion: string, data: Data): Promise<Grade> {
  return grader.grade(inputOf(completion, data), new AbortController().signal);
}

/** The score of one completion; throws where grading failed. */
export async function scoreOf<Data>(grader: Grader<Data>, completion: string, data: Data): Promise<number> {
  const grade = await gradeOf(grader, completion, data);
  if (grade.status === 'failed') throw new Error(grade.reason);
  return grade.score;
}
