/** Samples a group of completions for each task and grades them. */
import type { FrozenEngine, SamplingParams } from '../engine/index.ts';
import type { GradeAllOptions } from '../graders/index.ts';
import { rng } from '../random/index.ts';
import type { Tokenizer } from '../text/index.ts';
import type { Grader, Group, Sample, Task, Trajectory } from '../types/index.ts';
import { gradeTrajectories } from './grade-trajectories.ts';
import { renderPrompt } from './render-prompt.ts';

export interface RolloutOptions {
  engine: FrozenEngine;
  tokenizer: Tokenizer;
  /** A task may come more than once: each occurrence makes a group of its own. */
  tasks: readonly Task[];
  /** Completions a task. */
  groupSize: number;
  /** `stopTokens` defaults to the tokenizer's end-of-sequence ids. */
  sampling: SamplingParams;
  grader: Grader;
  gradeOptions?: Omit<GradeAllOptions, 'signal'>;
  seed: number;
  /** Names the draw, such as ['rollout', step]: with seed, path and task the completions are always the same. */
  path: readonly (string | number)[];
  signal?: AbortSignal;
  /** Called while sampling with the number of tokens so far. */
  onTokens?(tokens: number): void;
  /** Called once for each part of the work with its wall time. */
  onTime?(part: 'sample' | 'grade', seconds: number): void;
}

/** A sample as a trajectory of one turn; its grade is to come. */
function trajectory(task: Task, prompt: readonly number[], sample: Sample): Trajectory {
  const length = prompt.length + sample.tokens.length;
  const logprobs = new Float32Array(length);
  logprobs.set(sample.logprobs, prompt.length);
  return {
    task,
    tokens: [...prompt, ...sample.tokens],
    promptLength: prompt.length,
    lossMask: new Uint8Array(length).fill(1, prompt.length),
    logprobs,
    completion: sample.text,
    finishReason: sample.finishReason,
    grade: { status: 'failed', reason: 'not graded yet' },
    weightsVersion: sample.weightsVersion,
  };
}

/** One seed a task; a task that comes again gets others. */
function seeds(tasks: readonly Task[], seed: number, path: readonly (string | number)[]): number[] {
  const seen = new Map<string, number>();
  return tasks.map(({ id }) => {
    const occurrence = seen.get(id) ?? 0;
    seen.set(id, occurrence + 1);
    return rng(seed, ...path, id, occurrence).uint32();
  });
}

/**
 * `groupSize` attempts at each task, in the order of the tasks: sampled in one call, token ids kept exactly as they
 * were sampled, then graded in parallel. An attempt that cannot be graded has a failed grade, never a score.
 * Rejects with the signal's reason when it is aborted.
 */
export async function rolloutGroups(options: RolloutOptions): Promise<Group[]> {
  const { engine, tokenizer, tasks, groupSize, grader, signal } = options;
  if (!Number.isInteger(groupSize) || groupSize < 1)
    throw new RangeError(`rollout: groupSize is ${groupSize}, expected an integer of at least 1`);
  if (tasks.length === 0) return [];
  signal?.throwIfAborted();

  const prompts = tasks.map((task) => renderPrompt(task, tokenizer));
  const drawSeeds = seeds(tasks, options.seed, options.path);
  const requests = prompts.map((prompt, i) => ({ prompt, n: groupSize, seed: drawSeeds[i] }));
  const started = performance.now();
  const samples = await engine.sample(
    requests,
    { stopTokens: tokenizer.eosIds, ...options.sampling },
    { signal, onTokens: options.onTokens },
  );
  const sampled = performance.now();
  options.onTime?.('sample', (sampled - started) / 1000);
  signal?.throwIfAborted();

  const groups = tasks.map((task, i) => ({
    task,
    trajectories: samples[i].map((sample) => trajectory(task, prompts[i], sample)),
  }));
  const all = groups.flatMap((group) => group.trajectories);
  await gradeTrajectories(all, grader, { ...options.gradeOptions, signal });
  options.onTime?.('grade', (performance.now() - sampled) / 1000);
  return groups;
}
