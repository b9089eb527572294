/** Answers a chat: whole, or as a stream of chunks. */

import { newId, nowSeconds } from '../ids.ts';
import type { Inference, LoadedModel } from '../inference/inference.ts';
import type { DrawnToken } from '../inference/inference-row.ts';
import type { ModelServer } from '../inference/model-server.ts';
import type { ServerMetrics } from '../metrics.ts';
import type { Conversations } from '../traffic/conversations.ts';
import type { StoredChat } from '../traffic/stored-chats.ts';
import {
  type ChatCompletion,
  type FinishReason,
  type Logprobs,
  logprobsOf,
  type Usage,
  usageOf,
} from './chat-object.ts';
import { choicesOf, completionPieces } from './completions.ts';
import { type OutputPlan, outputPlan } from './output-plan.ts';
import { type ChatPrompt, chatPrompt, roomFor, speakerOf } from './prompt.ts';
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
  weights_version?: number;
}

/** What every part of an answer says. */
interface Head {
  id: string;
  created: number;
  model: string;
  system_fingerprint: string;
  service_tier: 'default';
}

/** What answering takes. */
export interface ChatParts {
  inference: Inference;
  conversations: Conversations;
  metrics: ServerMetrics;
}

/** A chat that is being answered. */
export class Chat {
  readonly head: Head;
  private readonly request: ChatRequest;
  private readonly prompt: ChatPrompt;
  private readonly server: ModelServer;
  private readonly version: number;
  private readonly parts: ChatParts;
  private readonly plan: OutputPlan;
  private readonly maxTokens: number;
  private readonly owner: string;
  private readonly replies: Reply[];
  private readonly tokens: DrawnToken[][];
  /** Tokens of the prompt that had been read before. */
  private cached = 0;
  /** The whole answer, once it is there. */
  private answer: ChatCompletion | undefined;

  /** Loads the model and checks the request against it. `owner`: the key's id. Throws the API's errors. */
  static async begin(request: ChatRequest, owner: string, parts: ChatParts): Promise<Chat> {
    return new Chat(request, owner, await parts.inference.model(request.model), parts);
  }

  private constructor(
    request: ChatRequest,
    owner: string,
    { server, version }: LoadedModel,
    parts: ChatParts,
  ) {
    const { config } = server.decoder;
    this.request = request;
    this.owner = owner;
    this.server = server;
    this.version = version;
    this.parts = parts;
    this.plan = outputPlan(request);
    this.prompt = chatPrompt(request, server, parts.conversations);
    this.maxTokens = roomFor(
      this.prompt.tokens.length,
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

  /** The whole answer. */
  async complete(signal: AbortSignal): Promise<ChatCompletion> {
    for await (const _ of this.deltas(signal));
    return this.whole();
  }

  /** What is kept of a chat that has been answered. */
  stored(): StoredChat {
    const { head, request, prompt, server, tokens } = this;
    return {
      id: head.id,
      conversation: prompt.before?.conversation ?? head.id,
      parent: prompt.before?.chat ?? null,
      model: request.model,
      created: head.created,
      messages: request.messages,
      tools: request.tools ?? null,
      metadata: request.metadata ?? null,
      completion: this.whole(),
      promptTokens: [...prompt.tokens],
      choices: tokens.map((drawn) => ({
        tokens: drawn.map(({ token }) => token),
        logprobs: drawn.map(({ drawnLogprob }) => drawnLogprob),
      })),
      weights: server.fingerprint,
      reward: null,
      feedback: null,
    };
  }

  private idsOf(index: number): number[] {
    return this.tokens[index].map(({ token }) => token);
  }

  private whole(): ChatCompletion {
    if (this.answer === undefined) throw new Error('the chat has not been answered yet');
    return this.answer;
  }

  /** Puts the answer together, and remembers the conversation for its next turn. */
  private finish(reasons: readonly FinishReason[]): void {
    const { request, prompt, server, head, tokens } = this;
    const { tokenizer } = server.decoder;
    const wantsIds = request.return_token_ids === true;
    this.answer = {
      ...head,
      object: 'chat.completion',
      choices: this.replies.map(({ message }, index) => ({
        index,
        message,
        finish_reason: reasons[index],
        logprobs: request.logprobs === true ? logprobsOf(tokens[index], tokenizer) : null,
        ...(wantsIds ? { token_ids: this.idsOf(index) } : {}),
      })),
      usage: this.usage,
      ...(wantsIds ? { prompt_token_ids: [...prompt.tokens], weights_version: this.version } : {}),
    };
    if (prompt.text === undefined) return;
    for (const [index, { message }] of this.replies.entries()) {
      const ids = this.idsOf(index);
      const said = tokenizer.eosIds.includes(ids[ids.length - 1]) ? ids.slice(0, -1) : ids;
      const { tool_calls, content } = message;
      this.parts.conversations.remember(
        speakerOf(request, server),
        request.messages,
        { role: 'assistant', content, tool_calls },
        {
          chat: head.id,
          conversation: prompt.before?.conversation ?? head.id,
          tokens: [...prompt.tokens, ...ids],
          text: prompt.text + tokenizer.decode(ids, { skipSpecial: false }),
          raw: tokenizer.decode(said, { skipSpecial: false }),
        },
      );
    }
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
      ...(this.request.return_token_ids === true
        ? { prompt_token_ids: [...this.prompt.tokens], weights_version: this.version }
        : {}),
    };
    for await (const chunk of this.deltas(signal)) yield { ...chunk, ...usage };
    if (withUsage) yield { ...this.chunk([]), usage: this.usage };
  }

  get usage(): Usage {
    return usageOf(
      this.prompt.tokens.length,
      this.tokens.reduce((sum, tokens) => sum + tokens.length, 0),
      this.cached,
    );
  }

  private chunk(choices: ChatChunk['choices']): ChatChunk {
    return { ...this.head, object: 'chat.completion.chunk', choices };
  }

  /** What comes of every piece; the end of a choice is a chunk of its own. */
  private async *deltas(signal: AbortSignal): AsyncGenerator<ChatChunk> {
    const { request, server, plan } = this;
    const { tokenizer } = server.decoder;
    const { metrics } = this.parts;
    const reasons: FinishReason[] = [];
    metrics.promptTokens.inc({ model: request.model }, this.prompt.tokens.length);
    const pieces = completionPieces({
      server,
      owner: this.owner,
      prompt: this.prompt.tokens,
      conversation: true,
      onRead: (known) => {
        this.cached = known;
      },
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
      if (finishReason === null) continue;
      reasons[index] = this.replies[index].finish(finishReason);
      yield this.chunk([{ index, delta: {}, finish_reason: reasons[index], logprobs: null }]);
    }
    this.finish(reasons);
  }
}
