/** Samples completions of many prompts: a decoding session from its first row to its last. */
import type { ModelWeights } from '../../nn/index.ts';
import type { Tokenizer } from '../../text/index.ts';
import type { Sample } from '../../types/index.ts';
import { Completion, completionRules } from '../completion.ts';
import type { SampleOptions, SampleRequest, SamplingParams, TokenConstraint } from '../engine.ts';
import { Adjuster, NO_ADJUSTMENTS } from './adjust.ts';
import { nextPowerOfTwo } from './batching.ts';
import { checkTokens } from './checks.ts';
import { type DecodedRow, DecodingSession, type SessionLimits } from './decoding-session.ts';
import { type Picked, TokenPicker } from './pick-token.ts';
import type { ModelPrograms, SamplingPrecision } from './programs.ts';

/** The event loop gets a turn at least this often. */
const YIELD_MILLISECONDS = 10;

/** Decodes with one set of weights. */
export class Sampler {
  private readonly weights: ModelWeights;
  private readonly tokenizer: Tokenizer;
  private readonly session: DecodingSession;

  /** With `pack` for weights that seldom change, see `DecodingSession`. */
  constructor(
    weights: ModelWeights,
    programs: ModelPrograms,
    tokenizer: Tokenizer,
    limits: SessionLimits,
    pack = false,
  ) {
    this.weights = weights;
    this.tokenizer = tokenizer;
    this.session = new DecodingSession(weights, programs, limits, { pack });
  }

  /** To be called when the weights have changed. */
  weightsChanged(): void {
    this.session.weightsChanged();
  }

  /** See `FrozenEngine.sample`. `precision` is that of decoding; prompts are read, and first tokens drawn, in float32. */
  async sample(
    requests: readonly SampleRequest[],
    params: SamplingParams,
    weightsVersion: number,
    options: SampleOptions = {},
    precision: SamplingPrecision = 'float32',
  ): Promise<Sample[][]> {
    const { session } = this;
    const { temperature = 1, topK, topP, minP } = params;
    const picker = new TokenPicker({ temperature, topK, topP, minP });
    const rules = completionRules(params, this.tokenizer);
    const slots = this.open(requests, params);
    const vocab = this.weights.config.vocabSize;
    const results: Sample[][] = requests.map(({ n }) => new Array<Sample>(n));
    const picked: Picked = { token: 0, logprob: 0 };
    let sampled = 0;

    const constraints: TokenConstraint[] = [];
    const constraintOf = async () => {
      const constraint = await options.constraint?.();
      if (constraint !== undefined) constraints.push(constraint);
      return constraint;
    };
    // One for all rows: each draws before the next one looks.
    const adjuster =
      options.constraint === undefined ? undefined : new Adjuster(NO_ADJUSTMENTS, vocab, picker.sharpness);

    const rowOf = (request: number, index: number, constraint?: TokenConstraint): DecodedRow => {
      const completion = new Completion(requests[request], index, rules);
      return {
        sharpness: picker.sharpness,
        tokens: completion.tokens,
        get ready() {
          return constraint?.ready;
        },
        advance(next, at) {
          const from = constraint && adjuster?.apply(next, at, constraint.allowed());
          picker.pick(from ?? next, from === undefined ? at : 0, vocab, completion.rng, picked);
          sampled++;
          const { token } = picked;
          if (!completion.push(token, next.logprobs[at * vocab + token])) {
            constraint?.accept(token);
            return false;
          }
          constraint?.dispose();
          results[request][index] = completion.finish(weightsVersion);
          return true;
        },
      };
    };
    try {
      for (const [request, { prompt, n }] of requests.entries())
        for (let first = 0; first < n; first += slots) {
          const rows: DecodedRow[] = [];
          for (let index = first; index < Math.min(n, first + slots); index++)
            rows.push(rowOf(request, index, await constraintOf()));
          session.add({ prompt, rows });
        }

      let lastYield = performance.now();
      while (!session.idle) {
        options.signal?.throwIfAborted();
        await session.step(precision);
        options.onTokens?.(sampled);
        if (performance.now() - lastYield > YIELD_MILLISECONDS) {
          await new Promise((resolve) => setImmediate(resolve));
          lastYield = performance.now();
        }
      }
    } finally {
      for (const constraint of constraints) constraint.dispose();
    }
    return results;
  }

  dispose(): void {
    this.session.dispose();
  }

  /** Checks the requests and opens the session for them; its number of slots. */
  private open(requests: readonly SampleRequest[], { maxTokens }: SamplingParams): number {
    const { config } = this.weights;
    if (!Number.isInteger(maxTokens) || maxTokens < 1)
      throw new RangeError(`maxTokens: got ${maxTokens}, expected an integer of at least 1`);
    let longest = 0;
    let wanted = 0;
    requests.forEach(({ prompt, n }, i) => {
      if (prompt.length === 0)
        throw new RangeError(`requests[${i}].prompt: is empty, expected at least one token`);
      if (!Number.isInteger(n) || n < 1)
        throw new RangeError(`requests[${i}].n: got ${n}, expected an integer of at least 1`);
      checkTokens(`requests[${i}].prompt`, prompt, config.vocabSize);
      longest = Math.max(longest, prompt.length);
      wanted += n;
    });
    const capacity = longest + maxTokens;
    if (capacity > config.maxPositions)
      throw new RangeError(
        `a prompt of ${longest} tokens and maxTokens ${maxTokens} need ${capacity} positions; the model has ${config.maxPositions}`,
      );
    const slots = Math.min(this.session.affordableRows(capacity), nextPowerOfTwo(wanted));
    this.session.open(slots, capacity);
    return slots;
  }
}
