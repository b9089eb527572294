/** Attempts and evaluations as the store keeps them. */
import { promptText } from '../rollout/index.ts';
import type { NewTrajectory } from '../store/index.ts';
import type { Tokenizer } from '../text/index.ts';
import type { Group, Split } from '../types/index.ts';
import type { EvaluationSummary } from './evaluate.ts';

export interface RecordOptions {
  split: Split;
  tokenizer: Tokenizer;
  /** Only the first ones are kept. */
  most: number;
  /** By group and trajectory. */
  advantages?: readonly (readonly (number | null)[])[];
}

/** The first attempts of groups, as records. */
export function trajectoryRecords(groups: readonly Group[], options: RecordOptions): NewTrajectory[] {
  const advantages = options.advantages?.flat();
  const all = groups.flatMap((group) => group.trajectories);
  return all.slice(0, options.most).map(({ task, completion, grade }, i) => ({
    split: options.split,
    taskId: task.id,
    prompt: promptText(task, options.tokenizer),
    completion,
    score: grade.status === 'graded' ? grade.score : null,
    status: grade.status,
    advantage: advantages?.[i] ?? null,
    parts: grade.status === 'graded' ? (grade.parts ?? null) : { reason: grade.reason },
  }));
}

/** An evaluation as metrics: `eval.passAt1`, `eval.passAt1.low`, `eval.parts.<name>`, … */
export function evaluationMetrics(prefix: string, summary: EvaluationSummary): Record<string, number> {
  const metrics: Record<string, number> = {
    [`${prefix}.failed`]: summary.failed,
    [`${prefix}.length.mean`]: summary.lengthMean,
    [`${prefix}.length.cutShare`]: summary.cutShare,
    [`time.${prefix}`]: summary.seconds,
  };
  const passAt = Object.entries(summary.passAt).map(([k, figure]) => [`passAt${k}`, figure] as const);
  const figures = [['passAt1', summary.passAt1], ['meanScore', summary.meanScore], ...passAt] as const;
  for (const [name, { estimate, low, high }] of figures) {
    metrics[`${prefix}.${name}`] = estimate;
    metrics[`${prefix}.${name}.low`] = low;
    metrics[`${prefix}.${name}.high`] = high;
  }
  for (const [name, value] of Object.entries(summary.parts)) metrics[`${prefix}.parts.${name}`] = value;
  return metrics;
}
