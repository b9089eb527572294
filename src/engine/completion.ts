/** One completion being made, token by token: when it has ended, and what it is then. */
import { type Rng, rng } from '../random/index.ts';
import { StopMatcher, StreamDecoder, type Tokenizer } from '../text/index.ts';
import type { Sample } from '../types/index.ts';
import type { SampleRequest, SamplingParams } from './engine.ts';

/** What all completions of a call have in common. */
export interface CompletionRules {
  tokenizer: Tokenizer;
  maxTokens: number;
  stopTokens: ReadonlySet<number>;
  stop?: readonly string[];
}

/** The rules that sampling settings give; stop tokens are the tokenizer's end-of-sequence ids unless given. */
export function completionRules(
  { maxTokens, stopTokens, stop }: SamplingParams,
  tokenizer: Tokenizer,
): CompletionRules {
  return { tokenizer, maxTokens, stopTokens: new Set(stopTokens ?? tokenizer.eosIds), stop };
}

/** Completion number `index` of a request; it draws from the stream named by the request's seed and that number. */
export class Completion {
  readonly tokens: number[] = [];
  readonly rng: Rng;
  private readonly logprobs: number[] = [];
  private readonly rules: CompletionRules;
  private readonly decoder: StreamDecoder | undefined;
  private readonly matcher: StopMatcher | undefined;
  private ended = false;

  constructor({ seed }: Pick<SampleRequest, 'seed'>, index: number, rules: CompletionRules) {
    this.rng = rng(seed, 'completion', index);
    this.rules = rules;
    if (rules.stop === undefined || rules.stop.length === 0) return;
    this.decoder = new StreamDecoder(rules.tokenizer);
    this.matcher = new StopMatcher(rules.stop);
  }

  /** Takes the next token and its log-probability; true when the completion is finished with it. */
  push(token: number, logprob: number): boolean {
    this.tokens.push(token);
    this.logprobs.push(logprob);
    this.ended = this.rules.stopTokens.has(token);
    if (!this.ended && this.decoder && this.matcher) this.ended = this.matcher.push(this.decoder.push(token));
    return this.finished;
  }

  get finished(): boolean {
    return this.ended || this.tokens.length >= this.rules.maxTokens;
  }

  /** The finished completion. */
  finish(weightsVersion: number): Sample {
    const { tokens, decoder, matcher, ended } = this;
    const { tokenizer, stopTokens } = this.rules;
    const stopped = stopTokens.has(tokens[tokens.length - 1]);
    let text: string;
    if (matcher && decoder) {
      if (!ended || stopped) matcher.push(decoder.flush());
      text = matcher.text;
    } else text = tokenizer.decode(stopped ? tokens.slice(0, -1) : tokens);
    return {
      tokens,
      logprobs: Float32Array.from(this.logprobs),
      text,
      finishReason: ended ? 'stop' : 'length',
      weightsVersion,
    };
  }
}
