/** Emulated fine-tuning: a base model of one scale decoded together with what fine-tuning changed at another. */
import type { Tokenizer } from '../../text/index.ts';
import type { Sample } from '../../types/index.ts';
import { Completion, completionRules } from '../completion.ts';
import type {
  ForwardOutput,
  FrozenEngine,
  SampleOptions,
  SampleRequest,
  SamplingParams,
  Want,
} from '../engine.ts';
import { TokenPicker } from '../onnx/pick-token.ts';
import { atTemperature, emulatedLogprobs } from './combine.ts';
import { nextLogprobs } from './next-logprobs.ts';
import { judgeDraft } from './speculate.ts';

/** A tuned model and the very weights that it was tuned from. */
export interface TunedPair {
  tuned: FrozenEngine;
  reference: FrozenEngine;
  /** 1 unless given; see `emulatedLogprobs`. */
  weight?: number;
}

export interface EmulationOptions {
  /** The model whose knowledge is wanted. */
  base: FrozenEngine;
  /** What fine-tuning changed elsewhere; all models share `tokenizer`. */
  deltas: readonly TunedPair[];
  tokenizer: Tokenizer;
  /** Deltas only for the tokens that the tuned model finds likely, see `emulatedLogprobs`; 1 (all tokens) unless given. */
  topP?: number;
  /**
   * Speculative decoding: the tuned model of the first delta drafts so many tokens on its own, and all models check them in
   * one pass. What is sampled has the same law, for any number. 0 (one token a pass) unless given.
   */
  draftTokens?: number;
}

/** What decoding cost in passes of the base. */
export interface DecodingCounts {
  /** Passes of the base, counted for each completion. */
  passes: number;
  /** Tokens that came out. */
  tokens: number;
  /** Tokens drafted that were judged, and how many of them stood. */
  drafted: number;
  accepted: number;
}

/** An engine that samples from a model that was never trained. */
export interface EmulatedEngine extends FrozenEngine {
  /** Sums over all sampling so far. */
  readonly counts: Readonly<DecodingCounts>;
}

/** What may come next at one place: log-probabilities [V] of the emulated model and of the one that drafts. */
interface Place {
  emulated: Float64Array;
  drafting: Float32Array;
}

/** What is sampled is of no version of any one model's weights, so it is never taken for what a model in training said. */
const NO_VERSION = -1;

interface Row {
  request: number;
  sample: number;
  prompt: readonly number[];
  completion: Completion;
}

/**
 * An engine with the emulated next-token distribution of `emulatedLogprobs`. It needs of the models only what every engine
 * can do: they read each sequence anew in each pass, without a cache, so that a pass costs as much as reading the
 * sequence. Temperature and filters act on the combined distribution. It holds no weights: `export` throws, and `dispose`
 * leaves the models, which belong to whoever made them. Throws a RangeError that names the option that is wrong.
 */
export function emulatedEngine(options: EmulationOptions): EmulatedEngine {
  const { base, deltas, tokenizer, topP = 1, draftTokens = 0 } = options;
  if (!(topP > 0 && topP <= 1))
    throw new RangeError(`emulatedEngine: topP is ${topP}, expected a number in (0, 1]`);
  if (!Number.isInteger(draftTokens) || draftTokens < 0)
    throw new RangeError(`emulatedEngine: draftTokens is ${draftTokens}, expected a whole number from 0`);
  deltas.forEach(({ weight = 1 }, i) => {
    if (!Number.isFinite(weight))
      throw new RangeError(`emulatedEngine: deltas[${i}].weight is ${weight}, expected a finite number`);
  });
  const vocab = tokenizer.vocabSize;
  const drafter = deltas[0]?.tuned ?? base;
  const counts: DecodingCounts = { passes: 0, tokens: 0, drafted: 0, accepted: 0 };

  /** Emulated log-probabilities, a row for each place from `from[i]` on, and those of the model that drafts. */
  async function distributions(
    sequences: readonly (readonly number[])[],
    from: readonly number[],
  ): Promise<Place[][]> {
    const read = new Map<FrozenEngine, Float32Array[]>();
    for (const engine of [base, ...deltas.flatMap(({ tuned, reference }) => [tuned, reference])])
      if (!read.has(engine)) read.set(engine, await nextLogprobs(engine, sequences, from, vocab));
    const rowOf = (engine: FrozenEngine, i: number, at: number) =>
      (read.get(engine) as Float32Array[])[i].subarray(at * vocab, (at + 1) * vocab);
    return sequences.map((tokens, i) =>
      Array.from({ length: tokens.length - from[i] + 1 }, (_, at) => ({
        emulated: emulatedLogprobs(
          rowOf(base, i, at),
          deltas.map(({ tuned, reference, weight = 1 }) => ({
            tuned: rowOf(tuned, i, at),
            reference: rowOf(reference, i, at),
            weight,
          })),
          topP,
        ),
        drafting: rowOf(drafter, i, at),
      })),
    );
  }

  /** What the drafting model would say next, after each row; nothing where a single token is left. */
  async function draft(rows: readonly Row[], params: SamplingParams, signal: AbortSignal | undefined) {
    if (draftTokens === 0) return rows.map(() => []);
    const left = rows.map(({ completion }) => params.maxTokens - completion.tokens.length);
    const length = Math.min(draftTokens, Math.min(...left) - 1);
    if (length < 1) return rows.map(() => []);
    const requests = rows.map(({ prompt, completion }) => ({
      prompt: [...prompt, ...completion.tokens],
      n: 1,
      seed: completion.rng.uint32(),
    }));
    const { temperature } = params;
    const stopTokens = params.stopTokens ?? tokenizer.eosIds;
    const drafted = await drafter.sample(
      requests,
      { maxTokens: length, temperature, stopTokens },
      { signal },
    );
    return drafted.map(([{ tokens }]) => tokens);
  }

  async function sample(
    requests: readonly SampleRequest[],
    params: SamplingParams,
    { signal, onTokens }: SampleOptions = {},
  ): Promise<Sample[][]> {
    const { temperature = 1, topK, topP: keep, minP } = params;
    if (!Number.isInteger(params.maxTokens) || params.maxTokens < 1)
      throw new RangeError(`maxTokens: got ${params.maxTokens}, expected an integer of at least 1`);
    if (draftTokens > 0 && (topK !== undefined || keep !== undefined || minP !== undefined))
      throw new RangeError('topK, topP and minP: given with draftTokens, expected plain sampling');
    const picker = new TokenPicker({ temperature, topK, topP: keep, minP });
    const rules = completionRules(params, tokenizer);
    const results: Sample[][] = requests.map(({ n }) => new Array<Sample>(n));
    let active = requests.flatMap((of, request) =>
      Array.from({ length: of.n }, (_, sample): Row => {
        const { prompt } = of;
        return { request, sample, prompt, completion: new Completion(of, sample, rules) };
      }),
    );
    const picked = { token: 0, logprob: 0 };
    let sampled = 0;

    /** Judges a draft and, where all of it stands, draws one more token. */
    const advance = ({ completion }: Row, next: readonly Place[], drafted: readonly number[]) => {
      counts.passes++;
      for (const [at, token] of drafted.entries()) {
        const { emulated, drafting } = next[at];
        const target = atTemperature(emulated, temperature);
        const verdict = judgeDraft(token, target, atTemperature(drafting, temperature), completion.rng);
        counts.drafted++;
        if (verdict.stands) counts.accepted++;
        if (completion.push(verdict.token, emulated[verdict.token]) || !verdict.stands) return;
      }
      const { emulated } = next[drafted.length];
      const weights = Float32Array.from(atTemperature(emulated, temperature));
      const tables = { logprobs: Float32Array.from(emulated), weights };
      picker.pick(tables, 0, vocab, completion.rng, picked);
      completion.push(picked.token, picked.logprob);
    };

    while (active.length > 0) {
      signal?.throwIfAborted();
      const drafts = await draft(active, params, signal);
      const known = active.map(({ prompt, completion }) => [...prompt, ...completion.tokens]);
      const next = await distributions(
        known.map((tokens, i) => [...tokens, ...drafts[i]]),
        known.map((tokens) => tokens.length),
      );
      active.forEach((row, i) => {
        const before = row.completion.tokens.length;
        advance(row, next[i], drafts[i]);
        sampled += row.completion.tokens.length - before;
      });
      for (const { completion, request, sample } of active)
        if (completion.finished) results[request][sample] = completion.finish(NO_VERSION);
      active = active.filter(({ completion }) => !completion.finished);
      onTokens?.(sampled);
    }
    counts.tokens += sampled;
    return results;
  }

  async function forward(sequences: readonly (readonly number[])[], want: Want = {}): Promise<ForwardOutput> {
    for (const name of ['values', 'lastHidden'] as const)
      if (want[name]) throw new Error(`want.${name}: an emulated model has none`);
    const next = await distributions(
      sequences.map((tokens) => tokens.slice(0, -1)),
      sequences.map(() => 1),
    );
    const { candidates } = want;
    const perToken = (value: (logprobs: Float64Array, sequence: number, t: number) => number) =>
      sequences.map((tokens, i) =>
        Float32Array.from(tokens, (_, t) => (t === 0 ? 0 : value(next[i][t - 1].emulated, i, t))),
      );
    return {
      logprobs: perToken((logprobs, i, t) => logprobs[sequences[i][t]]),
      ...(want.entropy ? { entropy: perToken((logprobs) => entropyOf(logprobs)) } : {}),
      ...(candidates
        ? {
            candidates: candidates.ids.map((ids, i) =>
              Float32Array.from(ids, (id, j) => {
                const t = Math.floor(j / candidates.k);
                return t === 0 ? 0 : next[i][t - 1].emulated[id];
              }),
            ),
          }
        : {}),
    };
  }

  return {
    weightsVersion: NO_VERSION,
    counts,
    sample,
    forward,
    async export() {
      throw new Error('export: an emulated model has no weights of its own; train a model on what it says');
    },
    dispose() {},
  };
}

/** Entropy (nats) of log-probabilities. */
function entropyOf(logprobs: Float64Array): number {
  let sum = 0;
  for (const x of logprobs) if (x > -Infinity) sum -= Math.exp(x) * x;
  return sum;
}
