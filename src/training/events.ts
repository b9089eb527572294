/** What a run says while it goes: one append-only stream, kept in the store and handed to whoever listens. */
import type { NewTrajectory, Store } from '../store/index.ts';
import type { EvaluationSummary } from './evaluate.ts';
import type { Finding } from './health.ts';

interface EventData {
  'run.started': { name: string; seed: number; stages: string[] };
  /** `from`: the step of the snapshot; -1 when there was none and the run begins anew. */
  'run.resumed': { from: number };
  'run.warning': { message: string };
  'stage.started': { stage: number; name: string; method: string; totalSteps: number | null };
  'step.finished': { stage: number; stageStep: number; metrics: Record<string, number> };
  /** `role`: 'select' chooses the best weights; 'report' measures before and after. */
  'evaluation.finished': { role: 'select' | 'report'; best: boolean; summary: EvaluationSummary };
  'health.finding': Finding;
  'health.cleared': { rule: string };
  'snapshot.saved': { path: string; seconds: number; best: boolean };
  'stage.finished': { stage: number; name: string; steps: number; seconds: number };
  'run.finished': TrainSummary;
  'run.interrupted': { step: number };
  'run.failed': { message: string };
}

/** Headline figures of a finished run. */
export interface TrainSummary {
  steps: number;
  /** Wall time of all sittings together. */
  seconds: number;
  /** Before training. */
  before: EvaluationSummary;
  /** Of the exported weights, on the same tasks. */
  after: EvaluationSummary;
  /** The step whose weights were exported. */
  exportedStep: number;
  /** Folder of the exported model. */
  model: string;
}

export type TrainEventType = keyof EventData;

/** One event of a run. `time` is for people. */
export type TrainEvent = {
  [Type in TrainEventType]: { type: Type; step: number; time: string; data: EventData[Type] };
}[TrainEventType];

/** Gathers the events of a step and commits them with its metrics and trajectories in one transaction. */
export class Recorder {
  private readonly store: Store;
  private readonly run: string;
  private readonly listener: ((event: TrainEvent) => void) | undefined;
  private pending: TrainEvent[] = [];

  constructor(store: Store, run: string, listener?: (event: TrainEvent) => void) {
    this.store = store;
    this.run = run;
    this.listener = listener;
  }

  /** Adds an event to the next commit. */
  emit<Type extends TrainEventType>(type: Type, step: number, data: EventData[Type]): void {
    this.pending.push({ type, step, time: new Date().toISOString(), data } as TrainEvent);
  }

  /** Writes what has gathered, then tells the listener: nobody hears of what is not kept. */
  async commit(
    step: number,
    rows: { metrics?: Record<string, number>; trajectories?: NewTrajectory[] } = {},
  ): Promise<void> {
    const events = this.pending;
    this.pending = [];
    await this.store.commitStep(this.run, step, {
      events: events.map(({ type, time, data }) => ({ type, time, data })),
      ...rows,
    });
    for (const event of events) this.listener?.(event);
  }

  /** Forgets uncommitted events of a step that was given up. */
  discard(): void {
    this.pending = [];
  }
}
