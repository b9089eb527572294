/** What the server and the worker of a job say to each other. */
import type { FineTuneSpec } from './spec.ts';

/** To the worker. */
export type ToWorker = { kind: 'start'; spec: FineTuneSpec } | { kind: 'stop' };

/** Held-out and training figures of a checkpoint. */
export type CheckpointMetrics = Record<string, number>;

/** From the worker. */
export type FromWorker =
  | {
      kind: 'event';
      key: string;
      message: string;
      level?: 'info' | 'warn' | 'error';
      type?: 'message' | 'metrics';
      data?: Record<string, unknown>;
    }
  | { kind: 'checkpoint'; step: number; folder: string; metrics: CheckpointMetrics }
  | { kind: 'progress'; trainedTokens: number; secondsLeft: number | null }
  | {
      kind: 'finished';
      trainedTokens: number;
      /** Folder of the final model. */
      folder: string;
      /** Lines of the result file, header first. */
      results: string;
    }
  /** A stop was asked for: everything is saved. */
  | { kind: 'stopped'; step: number }
  | { kind: 'failed'; code: string; message: string; param: string | null };
