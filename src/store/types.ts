/** The records of a run and the interface of the store that keeps them. */

export type RunStatus = 'running' | 'finished' | 'failed' | 'interrupted';

/** A run as it is created; `status` defaults to 'running', times default to now. */
export interface NewRun {
  /** Unique; commands accept any unambiguous prefix of it. */
  id: string;
  name: string;
  method: string;
  status?: RunStatus;
  /** Whatever describes the run: anything JSON can hold. */
  config: unknown;
  seed: number;
  /** Folder of snapshots and reports. */
  folder: string;
  /** ISO 8601 time. */
  createdAt?: string;
  summary?: unknown;
  error?: string | null;
}

/** One run. Times are ISO 8601 strings for people; they are never part of a determinism comparison. */
export interface RunRecord {
  id: string;
  name: string;
  method: string;
  status: RunStatus;
  config: unknown;
  seed: number;
  folder: string;
  createdAt: string;
  /** Time of the last change: creation, update, step or truncation. */
  updatedAt: string;
  /** Headline figures of the run; null until it has some. */
  summary: unknown;
  /** Why the run failed; null if it did not. */
  error: string | null;
}

/** What may change of a run after its creation. */
export type RunPatch = Partial<
  Pick<RunRecord, 'name' | 'method' | 'status' | 'config' | 'folder' | 'summary' | 'error'>
>;

export interface RunFilter {
  status?: RunStatus;
  method?: string;
  name?: string;
  /** At most this many runs. */
  limit?: number;
}

export interface NewEvent {
  type: string;
  /** ISO 8601 time; defaults to now. */
  time?: string;
  /** Anything JSON can hold. */
  data?: unknown;
}

/** One entry of a run's append-only stream; `sequence` counts 0, 1, 2, … without gaps. */
export interface EventRecord {
  sequence: number;
  step: number;
  type: string;
  time: string;
  data: unknown;
}

export interface EventOptions {
  /** Only events with a greater sequence: the last one a reader has seen. */
  afterSequence?: number;
  types?: string[];
  limit?: number;
}

/** One metric over the steps at which it was recorded, in step order. Values may be NaN or infinite. */
export interface MetricSeries {
  name: string;
  steps: number[];
  values: number[];
}

/** One attempt at a task, as kept for people and audits. */
export interface NewTrajectory {
  /** 'train', 'validation', 'test', or a name of the caller's. */
  split: string;
  taskId: string;
  /** Prompt as the model saw it, as text. */
  prompt: string;
  completion: string;
  /** Score in [0, 1]; null when grading failed (never the same as 0). */
  score: number | null;
  /** 'graded', 'failed', or a name of the caller's. */
  status: string;
  advantage?: number | null;
  tokens?: ArrayLike<number> | null;
  /** Log-probabilities (nats). A Float32Array is kept with 9 digits, which `Math.fround` restores exactly. */
  logprobs?: ArrayLike<number> | null;
  /** Named parts of the score, the reason of a failure: anything JSON can hold. */
  parts?: unknown;
}

export interface TrajectoryRecord {
  step: number;
  split: string;
  /** Order of recording within the step and split: 0, 1, 2, … */
  position: number;
  taskId: string;
  prompt: string;
  completion: string;
  score: number | null;
  status: string;
  advantage: number | null;
  tokens: number[] | null;
  /** A value that JSON cannot hold (NaN, ±Infinity) reads as NaN. */
  logprobs: number[] | null;
  parts: unknown;
}

export interface TrajectoryFilter {
  step?: number;
  split?: string;
  taskId?: string;
  limit?: number;
  /** Skips this many records; for pages. */
  offset?: number;
}

/**
 * Keeps runs with their events, metrics and trajectories. Safe for one writer and several readers at once, also in
 * other processes. Every method rejects with a `StoreError` that names the store and the cause.
 */
export interface Store {
  /** Throws when a run of this id exists. */
  createRun(run: NewRun): Promise<void>;
  /** Changes the given fields. Throws when there is no such run. */
  updateRun(id: string, patch: RunPatch): Promise<void>;
  /** The run of this id, or the only one whose id starts so. Throws when several do. */
  run(idOrPrefix: string): Promise<RunRecord | undefined>;
  /** Runs, newest first. */
  runs(filter?: RunFilter): Promise<RunRecord[]>;
  /**
   * Everything of one training step in ONE transaction. May be called more than once for a step: events and
   * trajectories are appended, a metric recorded again replaces its value. NaN and ±Infinity survive as metric
   * values; inside JSON (`data`, `parts`, `logprobs`), as score and as advantage they become null.
   */
  commitStep(
    runId: string,
    step: number,
    rows: { events?: NewEvent[]; metrics?: Record<string, number>; trajectories?: NewTrajectory[] },
  ): Promise<void>;
  /** Forgets everything recorded at steps > step (used by resume, so that the record equals an uninterrupted run's). */
  truncateAfter(runId: string, step: number): Promise<void>;
  /** Events in sequence order. */
  events(runId: string, options?: EventOptions): Promise<EventRecord[]>;
  /** Series of the given names in their order (absent ones left out), or all, sorted by name. */
  metrics(runId: string, names?: string[]): Promise<MetricSeries[]>;
  /** Trajectories in order of step, split and position. */
  trajectories(runId: string, filter?: TrajectoryFilter): Promise<TrajectoryRecord[]>;
  /** Waits for work under way, then closes. Calling it again does nothing. */
  close(): Promise<void>;
}
