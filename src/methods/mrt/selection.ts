/** Chooses which rollouts are worth imitating. */
import type { AnytimeTrace } from '../../rollout/index.ts';
import { rightOnes, type Selection } from '../shared/imitation.ts';

export interface SelectionOptions {
  /** Whether truncated rollouts may be chosen. */
  truncate: boolean;
  /** A score of at least this is right. */
  passThreshold: number;
}

/**
 * Of one task's rollouts the one that ends right with the largest progress Σ_j r_prg = J(end) - J(start); of equals the
 * shortest, which regrets least. With `truncate`, a rollout cut at a boundary counts with J there, if a forced
 * answer was right. Undefined where none ends right.
 */
export function bestByProgress(
  traces: readonly AnytimeTrace[],
  { truncate, passThreshold }: SelectionOptions,
): Selection | undefined {
  const candidates = traces.flatMap(({ trajectory, boundaries, values, right }) => {
    const start = values[0] ?? 0;
    const { tokens, promptLength } = trajectory;
    const whole = rightOnes([trajectory], passThreshold).map((selection) => ({
      selection,
      progress: (values[values.length - 1] ?? 0) - start,
    }));
    const cut = !truncate
      ? []
      : boundaries.flatMap((end, j) => {
          const answer = right[j];
          if (answer === undefined || j === 0) return [];
          const kept = [...tokens.slice(0, promptLength + end), ...answer];
          const selection: Selection = { tokens: kept, promptLength, truncated: true };
          return [{ selection, progress: (values[j] ?? 0) - start }];
        });
    return [...whole, ...cut];
  });
  candidates.sort((a, b) => b.progress - a.progress || a.selection.tokens.length - b.selection.tokens.length);
  return candidates[0]?.selection;
}
