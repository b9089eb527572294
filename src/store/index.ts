/** The record of runs: events, metrics and trajectories in one SQLite file. */
export { StoreError } from './errors.ts';
export { openStore } from './store.ts';
export type {
  EventOptions,
  EventRecord,
  MetricSeries,
  NewEvent,
  NewRun,
  NewTrajectory,
  RunFilter,
  RunPatch,
  RunRecord,
  RunStatus,
  Store,
  TrajectoryFilter,
  TrajectoryRecord,
} from './types.ts';
