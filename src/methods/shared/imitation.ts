/** Rollouts worth imitating, and the updates that imitate them: what self-training methods share. */
import type { Objective } from '../../engine/index.ts';
import { crossEntropy } from '../../objectives/index.ts';
import { rng } from '../../random/index.ts';
import { type BatchOptions, type Row, rowsToBatch, type Update } from '../../training/index.ts';
import type { Trajectory } from '../../types/index.ts';

/** A sequence to imitate from its prompt's end on. */
export interface Selection {
  tokens: readonly number[];
  promptLength: number;
  /** Cut at a boundary, with a forced answer after it. */
  truncated: boolean;
}

export interface ImitationOptions {
  aggregation: BatchOptions['aggregation'];
  /** Sequences an update. */
  batchSize: number;
  /** Passes over the sequences. */
  updateEpochs: number;
}

/** All rollouts that ended by themselves with a score of at least `threshold`. */
export function rightOnes(trajectories: readonly Trajectory[], threshold: number): Selection[] {
  return trajectories
    .filter(
      ({ finishReason, grade }) =>
        finishReason === 'stop' && grade.status === 'graded' && grade.score >= threshold,
    )
    .map(({ tokens, promptLength }) => ({ tokens, promptLength, truncated: false }));
}

/** The sequences without exact repetitions, in the order of their first occurrence. */
export function distinctOnes(selections: readonly Selection[]): Selection[] {
  return [...new Map(selections.map((one) => [one.tokens.join(' '), one])).values()];
}

const rowOf = ({ tokens, promptLength }: Selection): Row => ({
  tokens,
  mask: new Uint8Array(tokens.length).fill(1, promptLength),
  data: {},
});

/**
 * Passes over the chosen sequences in batches of `batchSize`, shuffled anew for each pass by the stream (path, pass), which
 * minimise the cross-entropy of what follows their prompts.
 */
export function imitationUpdates(
  chosen: readonly Selection[],
  options: ImitationOptions,
  path: readonly [seed: number, ...names: (string | number)[]],
): Update[] {
  return passesOver(chosen.map(rowOf), crossEntropy(), options, path);
}

/** The same passes over any rows, which minimise any objective. */
export function passesOver(
  rows: readonly Row[],
  objective: Objective,
  { batchSize, updateEpochs, aggregation }: ImitationOptions,
  [seed, ...names]: readonly [seed: number, ...names: (string | number)[]],
): Update[] {
  const maxLength = rows.reduce((most, { tokens }) => Math.max(most, tokens.length), 1);
  const updates: Update[] = [];
  for (let epoch = 0; epoch < updateEpochs; epoch++) {
    const order = rng(seed, ...names, epoch).shuffle(rows);
    for (let from = 0; from < order.length; from += batchSize) {
      const batch = rowsToBatch(order.slice(from, from + batchSize), { aggregation, maxLength });
      if (batch !== undefined) updates.push({ batch, objective });
    }
  }
  return updates;
}
