/** Answers a chat: whole, or as a stream of chunks. */

import { newId, nowSeconds } from '../ids.ts';
import type { Inference } from '../inference/inference.ts';
import type { DrawnToken } from '../inference/inference-row.ts';
import type { ServerMetrics } from '../metrics.ts';
import {
  type ChatCompletion,
  type FinishReason,
  type Logprobs,
  logprobsOf,
  type Usage,
  usageOf,
} from './chat-object.ts';
import { choicesOf, completionPieces } from './completions.ts';
import { outputPlan } from './output-plan.ts';
import { promptTokens, roomFor } from './prompt.ts';
import { Reply, type ReplyDelta } from './reply.ts';
import type { ChatRequest } from './request.ts';

/** A chunk of a streamed chat. */
export interface ChatChunk {
  id: string;
  object: 'chat.completion.chunk';
  created: number;
  model: string;
  system_fingerprint: string;
  service_tier: 'default';
  choices: {
    index: number;
    delta: ReplyDelta & { role?: 'assistant'; refusal?: null };
    finish_reason: FinishReason | null;
    logprobs: Logprobs | null;
    token_ids?: number[];
  }[];
  usage?: Usage | null;
  prompt_token_ids?: number[];
}

/** What every part of an answer says. */
interface Head {
  id: string;
  created: number;
  model: string;
  system_fingerprint: string;
  service_tier: 'default';
}

/** A chat that is being answered. */
export class Chat {
  readonly head: Head;
  readonly prompt: readonly number[];
  readonly request: ChatRequest;
  private readonly server;
  private readonly plan;
  private readonly maxTokens: number;
  private readonly metrics: ServerMetrics;
  private readonly owner: string;
  private readonly replies: Reply[];
  private readonly tokens: DrawnToken[][];

  /** Loads the model and checks the request against it. Throws the API's errors. */
  static async begin(
    request: ChatRequest,
    owner: string,
    inference: Inference,
    metrics: ServerMetrics,
  ): Promise<Chat> {
    const server = await inference.model(request.model);
    return new Chat(request, owner, server, metrics);
  }

  private constructor(
    request: ChatRequest,
    owner: string,
    server: Awaited<ReturnType<Inference['model']>>,
    metrics: ServerMetrics,
  ) {
    const { config, tokenizer } = server.decoder;
    this.request = request;
    this.owner = owner;
    this.server = server;
    this.metrics = metrics;
    this.plan = outputPlan(request);
    this.prompt = promptTokens(request, tokenizer, config.vocabSize);
    this.maxTokens = roomFor(
      this.prompt.length,
      config.maxPositions,
      request.max_completion_tokens ?? request.max_tokens,
    );
    const n = choicesOf(request);
    this.replies = Array.from({ length: n }, () => new Reply(this.plan));
    this.tokens = Array.from({ length: n }, () => []);
    this.head = {
      id: newId('chatcmpl-'),
      created: nowSeconds(),
      model: request.model,
      system_fingerprint: server.fingerprint,
      service_tier: 'default',
    };
  }

  /** Token ids of a choice so far. */
  tokensOf(index: number): number[] {
    return this.tokens[index].map(({ token }) => token);
  }

  /** Log-probabilities of a choice's tokens so far. */
  logprobsOf(index: number): number[] {
    return this.tokens[index].map(({ logprob }) => logprob);
  }

  /** The whole answer. */
  async complete(signal: AbortSignal): Promise<ChatCompletion> {
    const { request, prompt, server } = this;
    const reasons: FinishReason[] = [];
    for await (const { choices } of this.deltas(signal))
      for (const { index, finish_reason: reason } of choices) if (reason !== null) reasons[index] = reason;
    const { tokenizer } = server.decoder;
    return {
      ...this.head,
      object: 'chat.completion',
      choices: this.replies.map(({ message }, index) => ({
        index,
        message,
        finish_reason: reasons[index],
        logprobs: request.logprobs === true ? logprobsOf(this.tokens[index], tokenizer) : null,
        ...(request.return_token_ids === true ? { token_ids: this.tokensOf(index) } : {}),
      })),
      usage: this.usage,
      ...(request.return_token_ids === true
        ? { prompt_token_ids: [...prompt], weights_version: server.fingerprint }
        : {}),
    };
  }

  /** The answer as chunks, the usage last where it is asked for. */
  async *stream(signal: AbortSignal): AsyncGenerator<ChatChunk> {
    const withUsage = this.request.stream_options?.include_usage === true;
    const usage = withUsage ? { usage: null } : {};
    yield {
      ...this.chunk(
        this.replies.map((_, index) => ({
          index,
          delta: { role: 'assistant', content: '', refusal: null },
          finish_reason: null,
          logprobs: null,
        })),
      ),
      ...usage,
      ...(this.request.return_token_ids === true ? { prompt_token_ids: [...this.prompt] } : {}),
    };
    for await (const chunk of this.deltas(signal)) yield { ...chunk, ...usage };
    if (withUsage) yield { ...this.chunk([]), usage: this.usage };
  }

  get usage(): Usage {
    return usageOf(
      this.prompt.length,
      this.tokens.reduce((sum, tokens) => sum + tokens.length, 0),
    );
  }

  private chunk(choices: ChatChunk['choices']): ChatChunk {
    return { ...this.head, object: 'chat.completion.chunk', choices };
  }

  /** What comes of every piece; the end of a choice is a chunk of its own. */
  private async *deltas(signal: AbortSignal): AsyncGenerator<ChatChunk> {
    const { request, server, plan, metrics } = this;
    const { tokenizer } = server.decoder;
    metrics.promptTokens.inc({ model: request.model }, this.prompt.length);
    const pieces = completionPieces({
      server,
      owner: this.owner,
      prompt: this.prompt,
      maxTokens: this.maxTokens,
      sampling: request,
      topLogprobs: request.logprobs === true ? (request.top_logprobs ?? 0) : undefined,
      constraint:
        plan.kind === 'text' ? undefined : () => server.grammars.constraint(plan.format, plan.param),
      signal,
    });
    for await (const piece of pieces) {
      const { index, tokens, finishReason } = piece;
      metrics.sampledTokens.inc({ model: request.model }, tokens.length);
      this.tokens[index].push(...tokens);
      const delta = this.replies[index].push(piece);
      const logprobs = request.logprobs === true && tokens.length > 0 ? logprobsOf(tokens, tokenizer) : null;
      const ids = request.return_token_ids === true ? { token_ids: tokens.map(({ token }) => token) } : {};
      if (Object.keys(delta).length > 0 || logprobs !== null || 'token_ids' in ids)
        yield this.chunk([{ index, delta, finish_reason: null, logprobs, ...ids }]);
      if (finishReason !== null)
        yield this.chunk([
          { index, delta: {}, finish_reason: this.replies[index].finish(finishReason), logprobs: null },
        ]);
    }
  }
}
