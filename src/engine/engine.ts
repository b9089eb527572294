/** The engine contract: who holds weights samples, scores, differentiates, steps and snapshots. Token ids in and out. */
import type { Sample } from '../types/index.ts';
import type { Objective } from './objective.ts';

/** One prompt to continue. */
export interface SampleRequest {
  prompt: readonly number[];
  /** Completions wanted; they share one prefill of the prompt. */
  n: number;
  /** Completion i draws from the stream named by (seed, i): independent of what else is in the batch. */
  seed: number;
}

export interface SamplingParams {
  /** Most tokens a completion may have. */
  maxTokens: number;
  /** 0 picks the likeliest token; 1 samples the model's own distribution. */
  temperature?: number;
  /** Sample among the k likeliest tokens only. */
  topK?: number;
  /** Sample among the fewest likeliest tokens whose probabilities reach p. */
  topP?: number;
  /** Drop tokens less likely than minP times the likeliest. */
  minP?: number;
  /** Token ids that end a completion (kept as its last token). Default: the tokenizer's end-of-sequence ids. */
  stopTokens?: readonly number[];
  /** Strings that end a completion (cut from its text). */
  stop?: readonly string[];
}

/** Says which tokens of one completion may come next, and ends where nothing may. */
export interface TokenConstraint {
  /** When `allowed` speaks of the next token. */
  readonly ready: Promise<void>;
  /** Bit mask over the vocabulary, 32 tokens a number; end tokens where the text may end. */
  allowed(): Int32Array;
  /** Takes a token that is no end token. */
  accept(token: number): void;
  /** May be called more than once. */
  dispose(): void;
}

export interface SampleOptions {
  signal?: AbortSignal;
  /**
   * Makes a constraint for each completion: tokens are drawn among what it allows. Log-probabilities stay those of the model
   * without it.
   */
  constraint?(): Promise<TokenConstraint>;
  /** Called between decoding steps with the number of tokens sampled so far. */
  onTokens?(tokens: number): void;
}

/** What `forward` returns besides log-probabilities. */
export interface Want {
  /** Entropy (nats) of the next-token distribution that produced each token. */
  entropy?: boolean;
  /** Value head output at the position before each token. */
  values?: boolean;
  /** Whether each token is the likeliest at its place. */
  likeliest?: boolean;
  /** Log-probabilities of K candidate ids at each position: one [T·K] array a sequence, row-major. */
  candidates?: { k: number; ids: readonly Int32Array[] };
  /** Final hidden state of the last token. */
  lastHidden?: boolean;
}

/**
 * One entry a sequence. Arrays are aligned with the tokens: entry t speaks of tokens[t] given tokens[0..t-1];
 * entry 0 is 0, since nothing predicts the first token.
 */
export interface ForwardOutput {
  logprobs: Float32Array[];
  entropy?: Float32Array[];
  values?: Float32Array[];
  /** 1 where a token is the likeliest at its place, else 0. */
  likeliest?: Float32Array[];
  /** [T·K] a sequence, row-major. */
  candidates?: Float32Array[];
  /** [hiddenSize] a sequence. */
  lastHidden?: Float32Array[];
}

/** A batch to learn from. Per-token arrays have one entry a token of their sequence. */
export interface TrainingBatch {
  sequences: readonly (readonly number[])[];
  /** 1 where the objective looks at a token, else 0. */
  mask: readonly ArrayLike<number>[];
  /** How much each token counts in the loss (0 outside the mask); see objectives' aggregation. */
  weight: readonly ArrayLike<number>[];
  /** Named per-token data that the objective reads: advantages, old log-probabilities, returns. */
  data: Readonly<Record<string, readonly ArrayLike<number>[]>>;
  /** Named scalars that the objective reads: coefficients that change from step to step. */
  scalars?: Readonly<Record<string, number>>;
  /** Candidate ids when the objective wants candidates: one [T·K] array a sequence. */
  candidates?: readonly Int32Array[];
}

export interface StepResult {
  loss: number;
  /** The objective's metrics over the whole batch. */
  metrics: Record<string, number>;
}

export interface OptimSettings {
  learningRate: number;
  beta1?: number;
  beta2?: number;
  epsilon?: number;
  weightDecay?: number;
  /** Gradients are scaled down to this global norm; absent: no clipping. */
  maxGradNorm?: number;
}

export interface OptimResult {
  weightsVersion: number;
  /** Global norm before clipping. */
  gradNorm: number;
  /** True when the gradient was not finite: nothing was changed, and the gradient was dropped. */
  skipped: boolean;
}

/** Everything an engine needs to go on exactly where it was: arrays by name, and small facts. */
export interface EngineSnapshot {
  arrays: Readonly<Record<string, Float32Array>>;
  facts: Readonly<Record<string, number | string>>;
}

/** What reduced precision was checked to do to the probabilities that are sampled from. */
export interface PrecisionReport {
  /** Mean |log π of the sampler at reduced precision - log π in float32|, nats a token, over a part of what was drawn. */
  gap: number;
  /** Largest gap that is accepted. */
  largestGap: number;
  /** What the present weights are sampled in, by that. */
  precision: 'float32' | 'int8';
}

/**
 * Weights that can be read: sampled from and scored. Calls made while another is under way wait for it, so that every
 * result is of one version of the weights.
 */
export interface FrozenEngine {
  readonly weightsVersion: number;
  /** Absent unless the present weights were sampled from and the engine samples at reduced precision where it may. */
  readonly samplingPrecision?: PrecisionReport;
  /**
   * Completions by request: result[i] has requests[i].n samples. Throws a RangeError that names the request or setting
   * when a prompt is empty, has foreign token ids or, with maxTokens, exceeds the model's context.
   */
  sample(
    requests: readonly SampleRequest[],
    params: SamplingParams,
    options?: SampleOptions,
  ): Promise<Sample[][]>;
  /** Scores given tokens. */
  forward(sequences: readonly (readonly number[])[], want?: Want): Promise<ForwardOutput>;
  /** Writes a Hugging Face folder. */
  export(folder: string, options?: { dtype?: 'F32' | 'F16' | 'BF16' }): Promise<void>;
  dispose(): void;
}

/** Weights that learn. */
export interface Engine extends FrozenEngine {
  /** Loss and metrics of a batch; adds its gradient to what has accumulated since the last optimStep. */
  forwardBackward(batch: TrainingBatch, objective: Objective): Promise<StepResult>;
  /**
   * A copy of the accumulated gradient, which is dropped: for methods that compare gradients. Laid out like the parameters of
   * a snapshot. Throws when none has accumulated since the last optimStep.
   */
  takeGradient(): Promise<Float32Array>;
  /** Updates the weights with the accumulated gradient, and clears it. */
  optimStep(settings: OptimSettings): Promise<OptimResult>;
  /** A copy of weights, optimiser and version; safe to write while training goes on. */
  snapshot(): EngineSnapshot;
  /** Puts a snapshot back and drops accumulated gradients. Throws when it is of another model, or while a call is under way. */
  restore(snapshot: EngineSnapshot): void;
  /** A frozen copy of the present weights: reference policies, stale samplers. */
  fork(): FrozenEngine;
}
