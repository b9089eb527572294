/** Grades many completions in parallel, each with a time limit. */
import type { Grade, Grader, GraderInput } from '../types/index.ts';
import { failed, safeGrade } from './grades.ts';

export interface GradeAllOptions {
  /** How many grade at the same time. Default 16. */
  concurrency?: number;
  /** Time limit of each, in milliseconds, from its start. Default 10 000. */
  timeoutMs?: number;
  /** Stops everything: graders' own signals are aborted and the promise rejects with the signal's reason. */
  signal?: AbortSignal;
}

/** The longest delay that timers hold. */
const MAX_TIMEOUT = 2 ** 31 - 1;

/**
 * Grades every input and returns the grades in the same order. A grader that throws, rejects, returns a score outside
 * [0, 1] or takes too long gives a failed grade with the reason; it never makes the whole reject. A grader that blocks
 * the thread cannot be interrupted: long work must be asynchronous.
 */
export async function gradeAll<Data>(
  grader: Grader<Data>,
  inputs: readonly GraderInput<Data>[],
  { concurrency = 16, timeoutMs = 10_000, signal }: GradeAllOptions = {},
): Promise<Grade[]> {
  if (!Number.isInteger(concurrency) || concurrency < 1)
    throw new RangeError(`gradeAll: concurrency is ${concurrency}, expected an integer from 1`);
  if (!(timeoutMs > 0 && timeoutMs <= MAX_TIMEOUT))
    throw new RangeError(`gradeAll: timeoutMs is ${timeoutMs}, expected above 0 and at most ${MAX_TIMEOUT}`);
  const grades: Grade[] = new Array(inputs.length);
  let next = 0;
  const worker = async () => {
    while (next < inputs.length) {
      signal?.throwIfAborted();
      const index = next++;
      const grade = gradeOne(grader, inputs[index], timeoutMs, signal);
      grades[index] = grade instanceof Promise ? await grade : grade;
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, inputs.length) }, worker));
  return grades;
}

/** One grade under a time limit; rejects only where the outer signal is aborted. */
function gradeOne<Data>(
  grader: Grader<Data>,
  input: GraderInput<Data>,
  timeoutMs: number,
  outer: AbortSignal | undefined,
): Grade | Promise<Grade> {
  const controller = new AbortController();
  const grade = safeGrade(grader, input, controller.signal);
  if (!(grade instanceof Promise)) return grade;
  return new Promise((resolve, reject) => {
    const stop = () => {
      finish();
      controller.abort(outer?.reason);
      reject(outer?.reason);
    };
    const timer = setTimeout(() => {
      finish();
      const late = failed(`${grader.name} did not answer within ${timeoutMs} ms`);
      resolve(late);
      controller.abort(new Error('time limit of the grader'));
    }, timeoutMs);
    const finish = () => {
      clearTimeout(timer);
      outer?.removeEventListener('abort', stop);
    };
    if (outer?.aborted) {
      stop();
      return;
    }
    outer?.addEventListener('abort', stop, { once: true });
    grade.then((value) => {
      finish();
      resolve(value);
    });
  });
}
