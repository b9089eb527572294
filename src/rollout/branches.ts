/** Samples what comes after given prefixes of completions, with forced tokens before it if wanted, and grades it all. */
import type { FrozenEngine, SamplingParams } from '../engine/index.ts';
import type { GradeAllOptions } from '../graders/index.ts';
import { rng } from '../random/index.ts';
import type { Tokenizer } from '../text/index.ts';
import type { Grader, Sample, Task, Trajectory } from '../types/index.ts';
import { gradeTrajectories } from './grade-trajectories.ts';

/** A place to go on from. */
export interface Branch {
  task: Task;
  prompt: readonly number[];
  /** Completion tokens that are kept as they are. */
  prefix: readonly number[];
  /** Tokens put after the prefix: the end of the thinking, say. None: the model simply goes on. */
  forced?: readonly number[];
  /** Continuations wanted. */
  n: number;
  /** Most tokens of a continuation. */
  maxTokens: number;
  /** Names the draw, below the path of the call. Two branches of one name would draw alike. */
  name: readonly (string | number)[];
}

export interface BranchOptions {
  engine: FrozenEngine;
  tokenizer: Tokenizer;
  grader: Grader;
  gradeOptions?: Omit<GradeAllOptions, 'signal'>;
  /** `maxTokens` is that of each branch. */
  sampling: Omit<SamplingParams, 'maxTokens'>;
  seed: number;
  path: readonly (string | number)[];
  signal?: AbortSignal;
  onTime?(part: 'sample' | 'grade', seconds: number): void;
}

/** Text of the whole completion, without special tokens and without a stop string. */
function completionText(head: readonly number[], sample: Sample, { tokenizer, sampling }: BranchOptions) {
  if (sampling.stop !== undefined && sampling.stop.length > 0) return tokenizer.decode(head) + sample.text;
  const stopTokens = sampling.stopTokens ?? tokenizer.eosIds;
  const last = sample.tokens[sample.tokens.length - 1];
  return tokenizer.decode([
    ...head,
    ...(stopTokens.includes(last) ? sample.tokens.slice(0, -1) : sample.tokens),
  ]);
}

/** The mask covers what was sampled here: neither the prefix, which older tokens made, nor what was forced. */
function trajectoryOf(
  { task, prompt, prefix, forced = [] }: Branch,
  sample: Sample,
  options: BranchOptions,
): Trajectory {
  const head = [...prefix, ...forced];
  const start = prompt.length + head.length;
  const length = start + sample.tokens.length;
  const logprobs = new Float32Array(length);
  logprobs.set(sample.logprobs, start);
  return {
    task,
    tokens: [...prompt, ...head, ...sample.tokens],
    promptLength: prompt.length,
    lossMask: new Uint8Array(length).fill(1, start),
    logprobs,
    completion: completionText(head, sample, options),
    finishReason: sample.finishReason,
    grade: { status: 'failed', reason: 'not graded yet' },
    weightsVersion: sample.weightsVersion,
  };
}

/**
 * Graded continuations by branch. Each is a trajectory of the whole sequence whose loss mask covers the new tokens only.
 * Branches with the same limit are sampled in one call. Throws a RangeError on a limit or a number below 1; rejects with
 * the signal's reason when it is aborted.
 */
export async function sampleBranches(
  branches: readonly Branch[],
  options: BranchOptions,
): Promise<Trajectory[][]> {
  const { engine, tokenizer, grader, sampling, seed, path, signal } = options;
  const byLimit = new Map<number, number[]>();
  branches.forEach(({ maxTokens }, i) => {
    byLimit.set(maxTokens, [...(byLimit.get(maxTokens) ?? []), i]);
  });
  const started = performance.now();
  const results: Trajectory[][] = new Array(branches.length);
  for (const [maxTokens, chosen] of byLimit) {
    const requests = chosen.map((i) => {
      const { prompt, prefix, forced = [], n, name } = branches[i];
      return { prompt: [...prompt, ...prefix, ...forced], n, seed: rng(seed, ...path, ...name).uint32() };
    });
    const samples = await engine.sample(
      requests,
      { stopTokens: tokenizer.eosIds, ...sampling, maxTokens },
      { signal },
    );
    chosen.forEach((i, at) => {
      results[i] = samples[at].map((sample) => trajectoryOf(branches[i], sample, options));
    });
  }
  const sampled = performance.now();
  options.onTime?.('sample', (sampled - started) / 1000);
  await gradeTrajectories(results.flat(), grader, { ...options.gradeOptions, signal });
  options.onTime?.('grade', (performance.now() - sampled) / 1000);
  return results;
}
