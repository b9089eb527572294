/** What the model did on a task. */
import type { Grade } from './grade.ts';
import type { Task } from './task.ts';

/** One completion as sampled. `tokens` include the stop token when one ended it. */
export interface Sample {
  tokens: number[];
  /** Log-probability (nats) of each token under the weights and sampling distribution's softmax at temperature 1. */
  logprobs: Float32Array;
  /** Decoded text without special tokens and without the matched stop string. */
  text: string;
  finishReason: 'stop' | 'length';
  /** Version of the weights that made every token. */
  weightsVersion: number;
}

/** One attempt at a task: prompt, model tokens and environment tokens in one sequence. */
export interface Trajectory {
  task: Task;
  /** Whole sequence: prompt, then model and environment tokens. */
  tokens: number[];
  /** Number of leading prompt tokens. */
  promptLength: number;
  /** 1 where the model made the token and the loss applies, else 0; one entry a token. */
  lossMask: Uint8Array;
  /** Log-probability of each model token when it was sampled (0 elsewhere); one entry a token. */
  logprobs: Float32Array;
  /** Text of the model's last turn, as the grader sees it. */
  completion: string;
  finishReason: 'stop' | 'length';
  grade: Grade;
  weightsVersion: number;
}

/** The trajectories of one task in one step. */
export interface Group {
  task: Task;
  trajectories: Trajectory[];
}
