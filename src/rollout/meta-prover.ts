/** The meta-prover: how likely a model is right when its thinking is stopped at a prefix and it must answer. */
import type { Task } from '../types/index.ts';
import { type BranchOptions, sampleBranches } from './branches.ts';

/** A prefix c = (x, z_0 … z_j) of a completion. */
export interface ThoughtPrefix {
  task: Task;
  prompt: readonly number[];
  /** Completion tokens so far; empty: the problem alone. */
  completion: readonly number[];
}

export interface MetaProverOptions extends BranchOptions {
  /** Tokens that end the thinking: the answer's mark, perhaps after a line that time is up. */
  forced: readonly number[];
  /** Forced answers a prefix. */
  samples: number;
  /** Most tokens of an answer. */
  answerTokens: number;
  /** Most tokens of a whole completion: a forced answer has to fit in what is left of it. */
  maxTokens: number;
  /** A score of at least this is right; 1 unless given. */
  passThreshold?: number;
}

/** What forced answers say of a prefix. */
export interface SuccessEstimate {
  /** Mean score, an estimate of J(μ(·|c)); undefined where no answer could be graded. 0 where none fits any more. */
  value: number | undefined;
  /** Mean number of tokens of a forced answer, the forced ones included. */
  tokens: number;
  /** The shortest right answer that ended by itself, from the prefix's end on with the forced tokens; absent: none. */
  right?: readonly number[];
}

export interface SuccessEstimates {
  /** One a prefix, in their order; equal prefixes of a task share one. */
  estimates: SuccessEstimate[];
  /** Tokens sampled for them. */
  sampled: number;
  /** Share of the forced answers that ended by themselves: low where the model has not learned to answer at once. */
  ended: number;
}

const mean = (xs: readonly number[]) => xs.reduce((a, b) => a + b, 0) / xs.length;

/**
 * J_r(μ(·|c)) = E[r | the model stops thinking at c and answers], estimated by `samples` forced answers a prefix. Qu et
 * al. 2025 (arXiv 2503.07572), §4: μ is the model itself with the end of its thinking forced upon it. The estimate of a
 * 0/1 reward has variance J(1 - J) / samples. Draws are named by path, task and prefix: what else is estimated does
 * not change them. Throws a RangeError when `samples` or `answerTokens` is below 1.
 */
export async function estimateSuccess(
  prefixes: readonly ThoughtPrefix[],
  options: MetaProverOptions,
): Promise<SuccessEstimates> {
  const { forced, samples, answerTokens, maxTokens, passThreshold = 1 } = options;
  if (!Number.isInteger(samples) || samples < 1)
    throw new RangeError(`estimateSuccess: samples is ${samples}, expected an integer of at least 1`);
  if (!Number.isInteger(answerTokens) || answerTokens < 1)
    throw new RangeError(
      `estimateSuccess: answerTokens is ${answerTokens}, expected an integer of at least 1`,
    );
  const keys = prefixes.map(({ task, completion }) => JSON.stringify([task.id, completion]));
  const distinct = new Map(prefixes.map((prefix, i) => [keys[i], prefix]));
  const room = ({ completion }: ThoughtPrefix) => maxTokens - completion.length - forced.length;
  const fitting = [...distinct].filter(([, prefix]) => room(prefix) >= 1);
  const answers = await sampleBranches(
    fitting.map(([, prefix]) => ({
      task: prefix.task,
      prompt: prefix.prompt,
      prefix: prefix.completion,
      forced,
      n: samples,
      maxTokens: Math.min(answerTokens, room(prefix)),
      name: [prefix.task.id, prefix.completion.join()],
    })),
    options,
  );
  const known = new Map<string, SuccessEstimate>();
  let sampled = 0;
  let ended = 0;
  answers.forEach((group, i) => {
    const [key, { completion }] = fitting[i];
    const scores = group.flatMap(({ grade }) => (grade.status === 'graded' ? [grade.score] : []));
    const tails = group.map(({ tokens, promptLength }) => tokens.slice(promptLength + completion.length));
    const right = tails
      .filter((_, k) => {
        const { grade, finishReason } = group[k];
        return finishReason === 'stop' && grade.status === 'graded' && grade.score >= passThreshold;
      })
      .sort((a, b) => a.length - b.length);
    sampled += tails.reduce((sum, tail) => sum + tail.length - forced.length, 0);
    ended += group.filter(({ finishReason }) => finishReason === 'stop').length;
    known.set(key, {
      value: scores.length === 0 ? undefined : mean(scores),
      tokens: mean(tails.map((tail) => tail.length)),
      ...(right.length > 0 ? { right: right[0] } : {}),
    });
  });
  const full: SuccessEstimate = { value: 0, tokens: forced.length };
  const asked = fitting.length * samples;
  return {
    estimates: keys.map((key) => known.get(key) ?? full),
    sampled,
    ended: asked === 0 ? 0 : ended / asked,
  };
}
