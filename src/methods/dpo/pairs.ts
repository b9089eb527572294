/** Pairs of completions of which one is better, and a gradient step on them. */
import type { Objective } from '../../engine/index.ts';
import type { Tokenizer } from '../../text/index.ts';
import {
  type MethodContext,
  type MethodStep,
  type Row,
  rowsToBatch,
  type StepContext,
  spread,
} from '../../training/index.ts';
import type { Group, Task, Trajectory } from '../../types/index.ts';
import { supervisedRow } from '../supervised/method.ts';

/** One completion with its prompt: whole sequence and where the completion begins; plain JSON. */
export interface Completion {
  tokens: number[];
  promptLength: number;
}

export interface Pair {
  chosen: Completion;
  rejected: Completion;
}

function written(task: Task, completion: string | undefined, tokenizer: Tokenizer): Completion {
  const { tokens, mask } = supervisedRow({ ...task, completion }, tokenizer);
  return { tokens: [...tokens], promptLength: Array.from(mask).indexOf(1) };
}

/** The pair that a task brings with it. Throws an Error where a side is missing. */
export function pairOfTask(task: Task, tokenizer: Tokenizer): Pair {
  const { id, completion, rejected } = task;
  if (completion === undefined || rejected === undefined)
    throw new Error(
      `task ${id}: it has no ${completion === undefined ? 'chosen' : 'rejected'} completion, expected both (in a file: "chosen" and "rejected")`,
    );
  return {
    chosen: written(task, completion, tokenizer),
    rejected: written(task, rejected, tokenizer),
  };
}

const scoreOf = ({ grade }: Trajectory) => (grade.status === 'graded' ? grade.score : undefined);
const completionOf = ({ tokens, promptLength }: Trajectory): Completion => ({
  tokens: [...tokens],
  promptLength,
});

/** The attempts of a group with a score, best first; equal ones in their own order. */
export function ranked({ trajectories }: Group): { trajectory: Trajectory; score: number }[] {
  return trajectories
    .flatMap((trajectory) => {
      const score = scoreOf(trajectory);
      return score === undefined ? [] : [{ trajectory, score }];
    })
    .sort((a, b) => b.score - a.score);
}

/** The best and the worst attempt of a group; undefined where their scores differ by no more than `minGap`. */
export function pairOfGroup(group: Group, minGap: number): Pair | undefined {
  const all = ranked(group);
  if (all.length < 2) return undefined;
  const [best, worst] = [all[0], all[all.length - 1]];
  if (!(best.score - worst.score > minGap)) return undefined;
  return { chosen: completionOf(best.trajectory), rejected: completionOf(worst.trajectory) };
}

/** Σ over the completion's tokens of log π - log π_ref. */
function logRatio({ tokens, promptLength }: Completion, own: Float32Array, reference: Float32Array): number {
  let total = 0;
  for (let t = promptLength; t < tokens.length; t++) total += own[t] - reference[t];
  return total;
}

const mean = (values: readonly number[]) => values.reduce((sum, x) => sum + x, 0) / values.length;

/**
 * One gradient step on pairs: scores both sides by the present weights and by the reference, and gives each side's row the log
 * ratio of the other (see the objective `preference`). Metrics: mean margin h in nats, the share of pairs whose margin
 * is above 0, and the mean log ratios of both sides, which may both fall while the margin grows. No pairs, no update.
 */
export async function preferenceStep(
  pairs: readonly Pair[],
  objective: Objective,
  { engine, reference }: MethodContext,
  { onTime }: StepContext,
): Promise<Pick<MethodStep, 'updates' | 'metrics'>> {
  if (reference === undefined) throw new Error('the method asked for no reference, but needs one');
  if (pairs.length === 0) return { updates: [], metrics: { 'preference.pairs': 0 } };
  const started = performance.now();
  const sides = pairs.flatMap(({ chosen, rejected }) => [chosen, rejected]);
  const sequences = sides.map(({ tokens }) => tokens);
  const own = (await engine.forward(sequences)).logprobs;
  const kept = (await reference.forward(sequences)).logprobs;
  const ratios = sides.map((side, i) => logRatio(side, own[i], kept[i]));
  onTime('score', (performance.now() - started) / 1000);

  const rows = sides.map(({ tokens, promptLength }, i): Row => {
    const mask = new Uint8Array(tokens.length).fill(1, promptLength);
    const isChosen = i % 2 === 0;
    return {
      tokens,
      mask,
      data: {
        referenceLogprobs: kept[i],
        side: spread(isChosen ? 1 : -1, mask),
        partnerLogRatio: spread(ratios[isChosen ? i + 1 : i - 1], mask),
      },
    };
  });
  const batch = rowsToBatch(rows, { aggregation: 'sequence-mean' });
  const chosen = ratios.filter((_, i) => i % 2 === 0);
  const rejected = ratios.filter((_, i) => i % 2 === 1);
  const margins = chosen.map((ratio, i) => ratio - rejected[i]);
  return {
    updates: batch === undefined ? [] : [{ batch, objective }],
    metrics: {
      'preference.pairs': pairs.length,
      'preference.margin': mean(margins),
      'preference.accuracy': mean(margins.map((margin) => Number(margin > 0))),
      'preference.chosen': mean(chosen),
      'preference.rejected': mean(rejected),
    },
  };
}
