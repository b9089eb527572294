/** `/v1/chat/completions`. */
import { createRoute } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { type SSEStreamingApi, streamSSE } from 'hono/streaming';
import type { Logger } from 'pino';
import { ApiError } from '../errors.ts';
import { type Api, answers, asApiError, jsonBody, type ServerEnv } from '../http/api.ts';
import { requires } from '../http/security.ts';
import type { StoredChats } from '../traffic/stored-chats.ts';
import { Chat, type ChatParts } from './chat.ts';
import { chatCompletionSchema } from './chat-object.ts';
import { chatRequestSchema } from './request.ts';

/** Silence after which a comment tells the client that the stream is alive, in milliseconds. */
const PING = 15_000;

/** Sends JSON values as events, and an error as the last one; ends with `[DONE]`. */
export async function sendEvents(
  stream: SSEStreamingApi,
  values: AsyncIterable<unknown>,
  log: Logger,
): Promise<void> {
  const ping = setInterval(() => void stream.write(': ping\n\n'), PING);
  try {
    for await (const value of values) await stream.writeSSE({ data: JSON.stringify(value) });
  } catch (error) {
    if (stream.aborted) return;
    const known = asApiError(error);
    if (known === undefined) log.error({ error: (error as Error).stack }, 'a stream failed');
    await stream.writeSSE({
      data: JSON.stringify((known ?? new ApiError(500, 'The server had an error while answering.')).body),
    });
  } finally {
    clearInterval(ping);
  }
  await stream.writeSSE({ data: '[DONE]' });
}

/** Streams values; leaving the stream aborts the signal that they were made with. */
export function eventStream(
  c: Context<ServerEnv>,
  values: (signal: AbortSignal) => AsyncIterable<unknown>,
  log: Logger,
): Response {
  const gone = new AbortController();
  return streamSSE(c, async (stream) => {
    stream.onAbort(() => gone.abort(new Error('the client is gone')));
    await sendEvents(stream, values(gone.signal), log);
  });
}

export interface ChatRoutesOptions {
  parts: ChatParts;
  log: Logger;
  chats: StoredChats;
  /** Keep every chat, also those that do not ask for it. */
  storeAll: boolean;
}

/** Answers chats. */
export function chatRoutes(api: Api, { parts, log, chats, storeAll }: ChatRoutesOptions): void {
  api.openapi(
    createRoute({
      method: 'post',
      path: '/chat/completions',
      middleware: [requires('infer')] as const,
      request: { body: jsonBody(chatRequestSchema) },
      responses: answers(chatCompletionSchema, 'The reply, or a stream of chunks'),
    }),
    async (c) => {
      const request = c.req.valid('json');
      const chat = await Chat.begin(request, c.get('key').id, parts);
      const kept = async () => {
        if (request.store ?? storeAll) await chats.add(chat.stored());
      };
      if (request.stream === true) {
        const chunks = async function* (signal: AbortSignal) {
          yield* chat.stream(signal);
          await kept();
        };
        return eventStream(c, chunks, log) as never;
      }
      const completion = await chat.complete(c.req.raw.signal);
      await kept();
      return c.json(completion, 200);
    },
  );
}
