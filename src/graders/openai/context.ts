/** What graders need of their surroundings: judges and sandboxes. */

import type { JudgeUsage } from './result.ts';
import type { JudgeSampling } from './schema.ts';

/** A sample, as graders' templates and code see it. */
export interface GradedSample {
  output_text: string;
  /** The parsed output, where it was asked to be JSON. */
  output_json?: unknown;
  /** Tool calls, as in a chat message. */
  output_tools?: unknown;
  choices?: unknown;
}

export interface GradingInput {
  sample: GradedSample;
  /** The dataset line. */
  item: Readonly<Record<string, unknown>>;
}

/** A question to a judge. */
export interface JudgeCall {
  model: string;
  messages: { role: string; content: unknown }[];
  sampling: JudgeSampling;
  /** JSON schema of the answer. */
  schema: { name: string; schema: Record<string, unknown> };
  signal: AbortSignal;
}

export interface JudgeAnswer {
  /** The text that should parse as the schema says; null where the judge refused. */
  content: string | null;
  refusal: string | null;
  model: string;
  usage: JudgeUsage;
}

/** Runs `grade(sample, item)` of given code, apart from everything else. */
export interface Sandbox {
  /** What the code returned. Throws a GradingError: of the code, or of the sandbox. */
  grade(source: string, input: GradingInput, signal: AbortSignal): Promise<number>;
}

export interface GradingContext {
  /** Asks a judge. Throws a GradingError when it cannot be reached. */
  judge?(call: JudgeCall): Promise<JudgeAnswer>;
  /** Vectors of texts, for the metric `cosine`. */
  embed?(texts: readonly string[], signal: AbortSignal): Promise<ArrayLike<number>[]>;
  python?: Sandbox;
  javascript?: Sandbox;
  /** POSTs JSON and gives the parsed answer. */
  post?(
    url: string,
    headers: Readonly<Record<string, string>>,
    body: unknown,
    signal: AbortSignal,
  ): Promise<unknown>;
}
