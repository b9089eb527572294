/** What a grader says of a completion. */
import type { Task } from './task.ts';

/** A score in [0, 1] with its named parts, or a failure to grade: never the same as a score of 0. */
export type Grade =
  | { status: 'graded'; score: number; parts?: Record<string, number> }
  | { status: 'failed'; reason: string };

/** One completion to grade. */
export interface GraderInput<Data = unknown> {
  task: Task<Data>;
  /** Decoded completion, without special tokens and without the matched stop string. */
  completion: string;
  /** Token ids of the completion as sampled. */
  tokens: readonly number[];
  /** 'stop': ended by a stop token or string; 'length': cut at the token limit. */
  finishReason: 'stop' | 'length';
}

/** Scores completions. `grade` may throw or reject: the caller turns that into a failed grade. */
export interface Grader<Data = unknown> {
  name: string;
  grade(input: GraderInput<Data>, signal: AbortSignal): Grade | Promise<Grade>;
}
