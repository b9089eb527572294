/** Your own tasks: prompts and reference answers from a JSONL file. */
import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { exactMatch } from '../graders/index.ts';
import type { Environment, Grader, Split, Task } from '../types/index.ts';
import { checkIndex } from './generated.ts';
import { type JsonlLine, parseLine } from './jsonl-line.ts';
import { parseOptions } from './options.ts';
import { hashFraction, splitOfFraction } from './split-rule.ts';

const share = z.number().min(0).max(0.9);
const jsonlOptions = z.strictObject({
  name: z.string().min(1).optional(),
  validation: share.default(0.1),
  test: share.default(0.1),
  onBadLine: z.enum(['error', 'skip']).default('error'),
});

export interface JsonlData {
  /** The accepted answer or answers. */
  answer: string | string[];
}

export interface JsonlOptions {
  /** Name of the environment. Default: the file's name without its extension. */
  name?: string;
  /** Share of prompts held out for validation, 0 to 0.9. Default 0.1. */
  validation?: number;
  /** Share of prompts held out for testing, 0 to 0.9. Default 0.1. */
  test?: number;
  /** `error` (default): bad lines make loading fail, with the first hundred listed. `skip`: they are left out. */
  onBadLine?: 'error' | 'skip';
  /** Default: `exactMatch()`. */
  grader?: Grader<JsonlData>;
}

/** A line that holds no task; lines are counted from 1. */
export interface BadLine {
  line: number;
  reason: string;
}

interface Loaded {
  task: Task<JsonlData>;
  /** Hash fraction of the prompt. */
  u: number;
}

const SPLITS: readonly Split[] = ['train', 'validation', 'test'];

/**
 * Reads a file with one JSON object a line: `{"prompt": text or messages, "answer": text or texts, "id"?, "completion"?,
 * "metadata"?}`, or a preference: `{"prompt", "chosen", "rejected", "answer"?, …}`; blank lines are passed over. The file is streamed; its tasks are kept in memory.
 *
 * Splits go by the hash of the prompt (see `splitOf`): a prompt that is written twice is in one split, and new lines
 * move no old ones. A split that a small file leaves empty, though its share is above 0, gets the prompt with the
 * smallest hash of the fullest split (training first, then validation, then test), so that three prompts or more give
 * at least one of each.
 *
 * Throws an Error that names the file where it cannot be read or holds no task, and, with `onBadLine: 'error'`, where a
 * line is bad; `problems` lists every bad line that was skipped.
 */
export async function loadJsonl(
  path: string,
  { grader = exactMatch<JsonlData>(), ...options }: JsonlOptions = {},
): Promise<{ environment: Environment<JsonlData>; problems: BadLine[] }> {
  const settings = parseOptions('jsonl', jsonlOptions, options);
  if (settings.validation + settings.test >= 1)
    throw new Error(
      `environment jsonl: validation ${settings.validation} and test ${settings.test} leave no training share`,
    );
  const { loaded, problems } = await readTasks(path);
  if (problems.length > 0 && settings.onBadLine === 'error') throw badLinesError(path, problems);
  if (loaded.length === 0)
    throw new Error(`${path} holds no tasks${problems.length > 0 ? '' : ': it is empty'}`);
  const splits = divide(loaded, settings);
  const name = settings.name ?? basename(path).replace(/\.[^.]+$/, '');
  const environment: Environment<JsonlData> = {
    name,
    size: (split) => splits[split].length,
    task(split, index) {
      checkIndex(name, split, index, splits[split].length);
      return splits[split][index];
    },
    grader,
    symbols: symbolsOf(loaded),
  };
  return { environment, problems };
}

async function readTasks(path: string): Promise<{ loaded: Loaded[]; problems: BadLine[] }> {
  const loaded: Loaded[] = [];
  const problems: BadLine[] = [];
  const ids = new Map<string, number>();
  let number = 0;
  try {
    for await (const source of createInterface({
      input: createReadStream(path, 'utf8'),
      crlfDelay: Infinity,
    })) {
      number++;
      const text = number === 1 ? source.replace(/^\uFEFF/, '') : source;
      if (text.trim() === '') continue;
      const parsed = parseLine(text);
      if ('reason' in parsed) {
        problems.push({ line: number, reason: parsed.reason });
        continue;
      }
      const task = taskOf(parsed.line, number);
      const earlier = ids.get(task.id);
      if (earlier !== undefined) {
        problems.push({
          line: number,
          reason: `the id ${JSON.stringify(task.id)} is taken by line ${earlier}`,
        });
        continue;
      }
      ids.set(task.id, number);
      loaded.push({ task, u: hashFraction(JSON.stringify(parsed.line.prompt)) });
    }
  } catch (error) {
    throw new Error(`cannot read ${path}: ${(error as Error).message}`, { cause: error });
  }
  return { loaded, problems };
}

function taskOf(
  { prompt, answer, id, completion, rejected, metadata }: JsonlLine,
  number: number,
): Task<JsonlData> {
  return {
    id: id ?? `line-${number}`,
    prompt,
    data: { answer },
    ...(completion === undefined ? {} : { completion }),
    ...(rejected === undefined ? {} : { rejected }),
    metadata: { ...metadata, line: number },
  };
}

/** Bad lines that an error lists. */
const LISTED = 100;

function badLinesError(path: string, problems: readonly BadLine[]): Error {
  const shown = problems.slice(0, LISTED).map(({ line, reason }) => `  line ${line}: ${reason}`);
  const more = problems.length > shown.length ? [`  … and ${problems.length - shown.length} more`] : [];
  const count = problems.length === 1 ? '1 bad line' : `${problems.length} bad lines`;
  return new Error([`${path} has ${count}:`, ...shown, ...more].join('\n'));
}

function divide(
  loaded: readonly Loaded[],
  shares: { validation: number; test: number },
): Record<Split, Task<JsonlData>[]> {
  const splitOfPrompt = new Map(loaded.map(({ u }) => [u, splitOfFraction(u, shares)]));
  const promptsIn = (split: Split) => [...splitOfPrompt].filter(([, of]) => of === split).map(([u]) => u);
  for (const split of ['train', 'validation', 'test'] as const) {
    const wanted = split === 'train' || shares[split] > 0;
    if (!wanted || promptsIn(split).length > 0) continue;
    const [donor] = SPLITS.map(promptsIn).sort((a, b) => b.length - a.length);
    if (donor.length > 1 || split === 'train') splitOfPrompt.set(donor.sort((a, b) => a - b)[0], split);
  }
  const splits: Record<Split, Task<JsonlData>[]> = { train: [], validation: [], test: [] };
  for (const { task, u } of loaded) splits[splitOfPrompt.get(u) as Split].push(task);
  return splits;
}

/** Every character of prompts, answers and completions of either kind, in the order of code points. */
function symbolsOf(loaded: readonly Loaded[]): string[] {
  const symbols = new Set<string>();
  for (const { task } of loaded) {
    const prompts =
      typeof task.prompt === 'string' ? [task.prompt] : task.prompt.map(({ content }) => content);
    for (const text of [...prompts, task.data.answer, task.completion ?? '', task.rejected ?? ''].flat())
      for (const symbol of text) symbols.add(symbol);
  }
  return [...symbols].sort((a, b) => (a.codePointAt(0) as number) - (b.codePointAt(0) as number));
}
