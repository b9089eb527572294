/** Makes grades and checks what graders return. */
import type { Grade, Grader, GraderInput } from '../types/index.ts';

/** A score in [0, 1], with its named parts. */
export function graded(score: number, parts?: Record<string, number>): Grade {
  return parts === undefined ? { status: 'graded', score } : { status: 'graded', score, parts };
}

/** A failure to grade. */
export function failed(reason: string): Grade {
  return { status: 'failed', reason };
}

/** Yes and no as scores. */
export const asScore = (yes: boolean): number => (yes ? 1 : 0);

/** Text of whatever was thrown. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Whether a value is a promise, of this realm or any other kind. */
export function isThenable<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}

/** The grade itself if it is sound; else a failed grade that says what is wrong with it. */
export function checkedGrade(grade: unknown): Grade {
  if (typeof grade !== 'object' || grade === null)
    return failed(`the grader returned ${String(grade)}, expected a grade`);
  const { status, score, reason, parts } = grade as Record<string, unknown>;
  if (status === 'failed') return failed(typeof reason === 'string' ? reason : 'no reason given');
  if (status !== 'graded')
    return failed(`the grade's status is ${JSON.stringify(status)}, expected 'graded' or 'failed'`);
  if (typeof score !== 'number' || !(score >= 0 && score <= 1))
    return failed(`the score is ${String(score)}, expected a number in [0, 1]`);
  for (const [name, value] of Object.entries(parts ?? {}))
    if (!Number.isFinite(value))
      return failed(`the part ${name} is ${String(value)}, expected a finite number`);
  return grade as Grade;
}

/** Runs a grader; what it throws, rejects with or wrongly returns becomes a failed grade. Never rejects. */
export function safeGrade<Data>(
  grader: Grader<Data>,
  input: GraderInput<Data>,
  signal: AbortSignal,
): Grade | Promise<Grade> {
  try {
    const grade = grader.grade(input, signal);
    if (!isThenable(grade)) return checkedGrade(grade);
    return Promise.resolve(grade).then(checkedGrade, (error) => failed(reasonOf(error)));
  } catch (error) {
    return failed(reasonOf(error));
  }
}
