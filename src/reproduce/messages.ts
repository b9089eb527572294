/** What a worker process and its parent say to one another. */
import type { ArmResult } from './declaration.ts';

/** What a worker is to do: run one arm with one seed, or train one base model of a seed. */
export type Work = { kind: 'arm'; arm: string; seed: number } | { kind: 'base'; seed: number; index: number };

/** The first message to a worker. */
export interface Order {
  type: 'order';
  /** URL of the module that exports `reproduction`. */
  module: string;
  /** Folder of the reproduction's results. */
  folder: string;
  cache: string;
  work: Work;
  /** Results of the arms that the arm needs. */
  results: Record<string, ArmResult>;
  commit: string;
  /** Begin anew, whatever an earlier sitting left. */
  anew: boolean;
}

export type ToWorker = Order | { type: 'stop' };

export type FromWorker =
  /** Listening: the order may be sent. */
  | { type: 'ready' }
  /** Share of the work that is done, 0..1. */
  | { type: 'progress'; share: number }
  | { type: 'log'; line: string }
  | { type: 'done' }
  /** Stopped as asked; what was done is saved. */
  | { type: 'stopped' }
  | { type: 'failed'; message: string; stack: string };
