/** One completion that a client waits for: draws its tokens, and hands over text as soon as it is decided. */
import {
  Adjuster,
  type Adjustments,
  changesNothing,
  type DecodedRow,
  type NextTokens,
  type Picked,
  type TokenConstraint,
  TokenPicker,
} from '../../engine/index.ts';
import { rng } from '../../random/index.ts';
import { StopMatcher, StreamDecoder, type Tokenizer } from '../../text/index.ts';
import { type TokenLogprob, topTokens } from './top-tokens.ts';

export interface RowSettings {
  maxTokens: number;
  temperature: number;
  topP?: number;
  topK?: number;
  minP?: number;
  seed: number;
  /** Number of the completion among those of its request. */
  index: number;
  stop: readonly string[];
  adjustments: Adjustments;
  /** Likeliest tokens to tell of at each place; undefined: no log-probabilities at all. */
  topLogprobs?: number;
  constraint?: TokenConstraint;
}

/** A token as drawn. */
export interface DrawnToken extends TokenLogprob {
  /** Nats under the distribution that it was drawn from: temperature, biases, penalties and grammar in it, cut-offs not. */
  drawnLogprob: number;
  top: TokenLogprob[];
}

/** What has become decided with one token. */
export interface RowPiece {
  text: string;
  /** Tokens drawn since the last piece with text, this one's included. */
  tokens: DrawnToken[];
  finishReason: 'stop' | 'length' | null;
}

export interface RowListener {
  onPiece(piece: RowPiece): void;
  /** The model failed; no piece comes after this. */
  onError(error: Error): void;
}

/** A row of the batch. */
export class InferenceRow implements DecodedRow {
  readonly sharpness: number;
  readonly tokens: number[] = [];
  private readonly settings: RowSettings;
  private readonly picker: TokenPicker;
  private readonly greedy: boolean;
  private readonly adjuster: Adjuster | undefined;
  private readonly decoder: StreamDecoder;
  private readonly matcher: StopMatcher;
  private readonly rng;
  private readonly stopTokens: ReadonlySet<number>;
  private readonly vocabulary: number;
  private readonly listener: RowListener;
  private readonly picked: Picked = { token: 0, logprob: 0 };
  private held: DrawnToken[] = [];
  private finished = false;

  constructor(settings: RowSettings, tokenizer: Tokenizer, vocabulary: number, listener: RowListener) {
    const { temperature, topP, topK, minP, adjustments, constraint, seed, index } = settings;
    this.settings = settings;
    this.vocabulary = vocabulary;
    this.listener = listener;
    // top_p of 0 is what clients send who want the likeliest token.
    const greedy = temperature === 0 || topP === 0;
    this.greedy = greedy;
    this.picker = new TokenPicker({
      temperature: greedy ? 0 : temperature,
      topP: greedy ? undefined : topP,
      topK,
      minP,
    });
    this.sharpness = this.picker.sharpness;
    const plain = changesNothing(adjustments) && constraint === undefined;
    this.adjuster = plain ? undefined : new Adjuster(adjustments, vocabulary, this.sharpness);
    this.decoder = new StreamDecoder(tokenizer);
    this.matcher = new StopMatcher(settings.stop);
    this.rng = rng(seed, 'completion', index);
    this.stopTokens = new Set(tokenizer.eosIds);
  }

  advance(next: NextTokens, at: number): boolean {
    const { settings, adjuster, picked, vocabulary } = this;
    const { constraint, topLogprobs } = settings;
    const from = adjuster === undefined ? next : adjuster.apply(next, at, constraint?.allowed());
    const row = adjuster === undefined ? at : 0;
    this.picker.pick(from, row, vocabulary, this.rng, picked);
    const { token } = picked;
    // Log-probabilities are the model's own, whatever was done to what is drawn from.
    const logprob = next.logprobs[at * vocabulary + token];
    const top =
      topLogprobs === undefined ? [] : topTokens(next.logprobs, at * vocabulary, vocabulary, topLogprobs);
    this.tokens.push(token);
    adjuster?.drawn(token);
    const drawnLogprob = this.greedy ? 0 : Math.log(from.weights[row * vocabulary + token]);
    return this.take({ token, logprob, drawnLogprob, top });
  }

  /** Ends it without a result. */
  fail(error: Error): void {
    this.end();
    this.listener.onError(error);
  }

  /** To be called when nobody waits for it any more. */
  end(): void {
    this.finished = true;
    this.settings.constraint?.dispose();
  }

  /** What has to settle before the next token can be drawn; undefined where nothing has to. */
  get ready(): Promise<void> | undefined {
    return this.finished ? undefined : this.settings.constraint?.ready;
  }

  /** Sees what has become decided with a token; true when it was the last. */
  private take(drawn: DrawnToken): boolean {
    const { settings, matcher, decoder } = this;
    const isEnd = this.stopTokens.has(drawn.token);
    this.held.push(drawn);
    if (!isEnd) settings.constraint?.accept(drawn.token);
    const stopped = !isEnd && matcher.push(decoder.push(drawn.token));
    const ended = isEnd || stopped;
    const finished = ended || this.tokens.length >= settings.maxTokens;
    if (finished && !stopped) matcher.push(decoder.flush());
    const text = matcher.take(finished);
    if (text !== '' || finished) {
      const tokens = this.held;
      this.held = [];
      this.listener.onPiece({ text, tokens, finishReason: finished ? (ended ? 'stop' : 'length') : null });
    }
    if (finished) this.end();
    return finished;
  }
}
