/** How metrics and trajectories become rows and come back. */
import type { metrics, trajectories } from './schema.ts';
import type { NewTrajectory, TrajectoryRecord } from './types.ts';

type MetricRow = typeof metrics.$inferSelect;
type TrajectoryRow = typeof trajectories.$inferSelect;

/** A number column takes finite values only, so the others are named beside a null. */
export function metricRow(name: string, value: number): Pick<MetricRow, 'name' | 'value' | 'nonFinite'> {
  if (typeof value !== 'number') throw new TypeError(`metric ${name}: ${String(value)}, expected a number`);
  if (Number.isFinite(value)) return { name, value, nonFinite: null };
  const nonFinite = Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity';
  return { name, value: null, nonFinite };
}

/** The value that `metricRow` was given. */
export function metricValue(row: Pick<MetricRow, 'value' | 'nonFinite'>): number {
  return row.value ?? Number(row.nonFinite ?? Number.NaN);
}

function finiteOrNull(value: number | null | undefined): number | null {
  return value !== null && value !== undefined && Number.isFinite(value) ? value : null;
}

/** 9 significant digits tell every float32 apart; more would only lengthen the record. */
function shorten(values: ArrayLike<number>): number[] {
  if (!(values instanceof Float32Array)) return Array.from(values);
  return Array.from(values, (value) => Number(value.toPrecision(9)));
}

export function trajectoryRow(trajectory: NewTrajectory): Omit<TrajectoryRow, 'runId' | 'step' | 'position'> {
  const { split, taskId, prompt, completion, status, tokens, logprobs } = trajectory;
  return {
    split,
    taskId,
    prompt,
    completion,
    status,
    score: finiteOrNull(trajectory.score),
    advantage: finiteOrNull(trajectory.advantage),
    tokens: tokens ? Array.from(tokens) : null,
    logprobs: logprobs ? shorten(logprobs) : null,
    parts: trajectory.parts ?? null,
  };
}

export function trajectoryRecord(row: TrajectoryRow): TrajectoryRecord {
  const { runId: _, logprobs, ...rest } = row;
  return { ...rest, logprobs: logprobs?.map((value) => value ?? Number.NaN) ?? null };
}
