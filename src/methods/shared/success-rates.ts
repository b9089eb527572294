/** How often a model succeeds on each of many tasks, measured by attempts. */
import type { FrozenEngine, SamplingParams } from '../../engine/index.ts';
import { rolloutGroups } from '../../rollout/index.ts';
import type { Tokenizer } from '../../text/index.ts';
import { gradedScores } from '../../training/index.ts';
import type { Grader, Task } from '../../types/index.ts';

export interface SuccessRateOptions {
  engine: FrozenEngine;
  tokenizer: Tokenizer;
  grader: Grader;
  tasks: readonly Task[];
  /** Attempts a task. */
  samples: number;
  sampling: SamplingParams;
  /** Scores of at least this are successes and all others failures; without it scores themselves are averaged. */
  passThreshold?: number;
  seed: number;
  /** Names the draws. */
  path: readonly (string | number)[];
  signal?: AbortSignal;
  onTokens?(tokens: number): void;
  onTime?(part: 'sample' | 'grade', seconds: number): void;
}

export interface SuccessRates {
  /** One a task, in [0, 1], in the order of the tasks; 0 where no attempt could be graded. */
  rates: number[];
  /** Tokens sampled for it. */
  tokens: number;
}

/** Tasks that are sampled in one call: the run can be stopped between calls. */
const CHUNK = 64;

/** Measures all tasks. Rejects with the signal's reason when it is aborted. */
export async function successRates(options: SuccessRateOptions): Promise<SuccessRates> {
  const { tasks, samples, passThreshold, onTokens, ...parts } = options;
  const rates: number[] = [];
  let tokens = 0;
  for (let from = 0; from < tasks.length; from += CHUNK) {
    const before = tokens;
    const groups = await rolloutGroups({
      ...parts,
      tasks: tasks.slice(from, from + CHUNK),
      groupSize: samples,
      onTokens: (sampled) => onTokens?.(before + sampled),
    });
    for (const { trajectories } of groups) {
      const scores = gradedScores(trajectories);
      const worths = passThreshold === undefined ? scores : scores.map((x) => Number(x >= passThreshold));
      rates.push(worths.length === 0 ? 0 : worths.reduce((sum, x) => sum + x, 0) / worths.length);
      for (const { tokens: all, promptLength } of trajectories) tokens += all.length - promptLength;
    }
  }
  return { rates, tokens };
}
