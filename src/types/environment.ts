/** A family of tasks with its splits and its grader. */
import type { Grader } from './grade.ts';
import type { Task } from './task.ts';

export type Split = 'train' | 'validation' | 'test';

/** Tasks of one family. Splits never share a task. */
export interface Environment<Data = unknown> {
  name: string;
  /** Number of tasks in the split; `Infinity` where a generator makes them on demand. */
  size(split: Split): number;
  /** Task number `index` (0 <= index < size) of the split: the same task every time for the same settings. */
  task(split: Split, index: number): Task<Data>;
  grader: Grader<Data>;
  /** Characters (or whole symbols) that prompts and completions are made of, for building a tokenizer. */
  symbols: readonly string[];
}
