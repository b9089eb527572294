/** Finds the reference answers that a grader compares with. */
import type { Task } from '../types/index.ts';

export interface ReferenceOptions<Data = unknown> {
  /**
   * The accepted answers of a task. Default: the task's data where it is a string, a number or a list of those,
   * else the field `answer` of the data.
   */
  reference?: (task: Task<Data>) => string | readonly string[];
}

function asAnswers(value: unknown): string[] | undefined {
  if (typeof value === 'string') return [value];
  if (typeof value === 'number') return [String(value)];
  if (!Array.isArray(value)) return undefined;
  const answers = value.map(asAnswers);
  return answers.every((answer) => answer?.length === 1) ? (answers.flat() as string[]) : undefined;
}

/** The accepted answers of a task, at least one. Throws an Error that names the task where there is none. */
export function referencesOf<Data>(
  task: Task<Data>,
  { reference }: ReferenceOptions<Data> = {},
): readonly string[] {
  let value: unknown = task.data;
  if (reference) value = reference(task);
  else if (typeof value === 'object' && value !== null && 'answer' in value) value = value.answer;
  const answers = asAnswers(value);
  if (answers === undefined || answers.length === 0)
    throw new Error(
      `task ${task.id}: no reference answer (data is ${JSON.stringify(task.data)?.slice(0, 120)})`,
    );
  return answers;
}
