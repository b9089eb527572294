/** What every benchmark is given, and what it is. */
import type { Peak } from './peak.ts';
import type { BenchRow } from './row.ts';
import type { MissingSide } from './turns.ts';

/** Where to find the programs to compare with. */
export interface Peers {
  /** A Python with torch, transformers, trl and peft. */
  python: string;
  /** Folder of llama.cpp's libraries, or why there are none. */
  llama: string | MissingSide;
}

export interface BenchContext {
  /** Absent: only our side runs. */
  peers?: Peers;
  /** Most timed repetitions of each side. */
  repetitions: number;
  /** Threads of every side. */
  threads: number;
  /** Matrix-product peak of the machine. */
  peak: Peak;
  /** Whether the row of this name is wanted. */
  wants(work: string): boolean;
}

/** Yields rows as they are measured; measures only what the context wants. */
export type Benchmark = (context: BenchContext) => AsyncGenerator<BenchRow>;
