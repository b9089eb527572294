/** `/v1/chat/completions`. */
import { createRoute } from '@hono/zod-openapi';
import type { Logger } from 'pino';
import { type Api, answers, jsonBody } from '../http/api.ts';
import { eventStream } from '../http/event-stream.ts';
import { requires } from '../http/security.ts';
import type { StoredChats } from '../traffic/stored-chats.ts';
import { Chat, type ChatParts } from './chat.ts';
import { chatCompletionSchema } from './chat-object.ts';
import { chatRequestSchema } from './request.ts';

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
        return (await eventStream(c, chunks, log)) as never;
      }
      const completion = await chat.complete(c.req.raw.signal);
      await kept();
      return c.json(completion, 200);
    },
  );
}
