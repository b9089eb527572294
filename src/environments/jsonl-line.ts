/** Reads one line of a JSONL file of tasks. */
import { z } from 'zod';

const text = z.string().min(1, 'expected at least one character');
const message = z.strictObject({
  role: z.enum(['system', 'user', 'assistant', 'tool']),
  content: z.string(),
});

const lineSchema = z.strictObject({
  prompt: z.union([text, z.array(message).min(1)], 'expected a text or a list of messages {role, content}'),
  answer: z.union([z.string(), z.array(z.string()).min(1)], 'expected a text or a list of texts').optional(),
  id: text.optional(),
  completion: z.string().optional(),
  /** Of a preference: the better completion, and the worse one. */
  chosen: z.string().optional(),
  rejected: z.string().optional(),
  metadata: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
});

/** A task as a file tells it: of a preference, the better completion is `completion`, and `answer` unless that is given. */
export type JsonlLine = Omit<z.infer<typeof lineSchema>, 'answer' | 'chosen'> & { answer: string | string[] };

/** The task of a line, or the reason why it holds none. */
export function parseLine(source: string): { line: JsonlLine } | { reason: string } {
  let value: unknown;
  try {
    value = JSON.parse(source);
  } catch (error) {
    return { reason: `not valid JSON (${(error as Error).message})` };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { reason: `expected an object {"prompt": …, "answer": …}, found ${source.trim().slice(0, 40)}` };
  const parsed = lineSchema.safeParse(value);
  if (!parsed.success)
    return { reason: parsed.error.issues.map((issue) => describeIssue(issue, value)).join('; ') };
  const { answer = parsed.data.chosen, completion, chosen, rejected, ...rest } = parsed.data;
  if ((chosen === undefined) !== (rejected === undefined))
    return { reason: 'one of the fields "chosen" and "rejected" is missing: expected both or neither' };
  if (chosen !== undefined && completion !== undefined)
    return { reason: 'the fields "chosen" and "completion" are both there: expected one of them' };
  if (answer === undefined)
    return { reason: 'the field "answer" is missing: expected a text or a list of texts' };
  const worked = chosen ?? completion;
  return {
    line: {
      ...rest,
      answer,
      ...(worked === undefined ? {} : { completion: worked }),
      ...(rejected === undefined ? {} : { rejected }),
    },
  };
}

function describeIssue(issue: z.core.$ZodIssue, value: object): string {
  const fields = Object.keys(lineSchema.shape).join(', ');
  if (issue.code === 'unrecognized_keys' && issue.path.length === 0)
    return `unknown field ${issue.keys.map((key) => `"${key}"`).join(', ')}; the fields are: ${fields}`;
  const found = issue.path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown>)?.[key], value);
  const field = issue.path.map(String).join('.');
  if (found === undefined) return `the field "${field}" is missing: ${issue.message}`;
  return `the field "${field}" is ${JSON.stringify(found)?.slice(0, 60)}: ${issue.message}`;
}
