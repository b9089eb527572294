/** Whether a file has one JSON object a line; what each line must hold is for the job that uses it to say. */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';

export interface NumberedLine {
  /** From 1. */
  line: number;
  /** The parsed object, or why there is none. */
  value?: Record<string, unknown>;
  reason?: string;
}

/** The lines of a JSONL file, streamed; blank ones are passed over. */
export async function* jsonLines(path: string): AsyncGenerator<NumberedLine> {
  let line = 0;
  const source = createReadStream(path, 'utf8');
  for await (const raw of createInterface({ input: source, crlfDelay: Infinity })) {
    line++;
    const text = line === 1 ? raw.replace(/^\uFEFF/, '') : raw;
    if (text.trim() === '') continue;
    yield { line, ...parse(text) };
  }
}

function parse(text: string): Omit<NumberedLine, 'line'> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { reason: `not valid JSON (${(error as Error).message})` };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { reason: `expected a JSON object, found ${text.trim().slice(0, 40)}` };
  return { value: value as Record<string, unknown> };
}

/** What is wrong with a file as JSONL, told by its first bad line; undefined where nothing is. */
export async function checkJsonl(path: string): Promise<string | undefined> {
  let count = 0;
  for await (const { line, reason } of jsonLines(path)) {
    if (reason !== undefined) return `line ${line}: ${reason}`;
    count++;
  }
  return count === 0 ? 'the file holds no lines' : undefined;
}
