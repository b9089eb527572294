/** Kept chats, and what they were worth: `/v1/chat/completions/…` and `/v1/burnish/rewards`. */
import { createRoute, z } from '@hono/zod-openapi';
import { chatCompletionSchema } from '../chat/chat-object.ts';
import { textOf } from '../dataset/messages.ts';
import { type Api, answers, checked, deletedSchema, jsonBody } from '../http/api.ts';
import { listOf, listSchema, pageQuery } from '../http/pages.ts';
import { requires } from '../http/security.ts';
import { metadataSchema } from '../jobs/job.ts';
import type { StoredChat, StoredChats } from './stored-chats.ts';

const params = z.object({ completion_id: z.string() });
const order = z.enum(['asc', 'desc']).default('asc');

const shown = ({ completion, metadata }: StoredChat) => ({ ...completion, metadata });

const messageSchema = z.object({
  id: z.string(),
  role: z.string(),
  content: z.string().nullable(),
  name: z.string().nullable(),
});

const rewardSchema = z.strictObject({
  /** The last chat of what is judged: all turns of its conversation up to it get the reward. */
  completion_id: z.string(),
  reward: z.number(),
  feedback: z.string().max(10_000).nullable().optional(),
});

function metadataOf(query: Readonly<Record<string, string>>): Record<string, string> | undefined {
  const pairs = Object.entries(query).flatMap(([name, value]) => {
    const key = /^metadata\[(.+)\]$/.exec(name)?.[1];
    return key === undefined ? [] : [[key, value] as const];
  });
  return pairs.length === 0 ? undefined : checked(metadataSchema, Object.fromEntries(pairs), ['metadata']);
}

/** Shows, changes and removes kept chats, and takes rewards. */
export function trafficRoutes(api: Api, chats: StoredChats): void {
  api.openapi(
    createRoute({
      method: 'get',
      path: '/chat/completions',
      middleware: [requires('read')] as const,
      request: { query: pageQuery(20, 100).extend({ model: z.string().optional(), order }).loose() },
      responses: answers(listSchema(chatCompletionSchema), 'A page of kept chats'),
    }),
    async (c) => {
      const { after, limit, model, order: by } = c.req.valid('query');
      const metadata = metadataOf(c.req.query());
      return c.json(listOf(await chats.list({ model, metadata }, { after, limit, order: by }), shown), 200);
    },
  );
  api.openapi(
    createRoute({
      method: 'get',
      path: '/chat/completions/{completion_id}',
      middleware: [requires('read')] as const,
      request: { params },
      responses: answers(chatCompletionSchema, 'The chat'),
    }),
    async (c) => c.json(shown(await chats.get(c.req.valid('param').completion_id)), 200),
  );
  api.openapi(
    createRoute({
      method: 'post',
      path: '/chat/completions/{completion_id}',
      middleware: [requires('train')] as const,
      request: { params, body: jsonBody(z.strictObject({ metadata: metadataSchema.nullable() })) },
      responses: answers(chatCompletionSchema, 'The chat with its new metadata'),
    }),
    async (c) => {
      const { metadata } = c.req.valid('json');
      const chat = await chats.update(c.req.valid('param').completion_id, (one) => ({ ...one, metadata }));
      return c.json(shown(chat), 200);
    },
  );
  api.openapi(
    createRoute({
      method: 'delete',
      path: '/chat/completions/{completion_id}',
      middleware: [requires('train')] as const,
      request: { params },
      responses: answers(deletedSchema('chat.completion.deleted'), 'The chat is gone'),
    }),
    async (c) => {
      const { completion_id: id } = c.req.valid('param');
      await chats.remove(id);
      return c.json({ id, object: 'chat.completion.deleted' as const, deleted: true }, 200);
    },
  );
  api.openapi(
    createRoute({
      method: 'get',
      path: '/chat/completions/{completion_id}/messages',
      middleware: [requires('read')] as const,
      request: { params, query: pageQuery(20, 100).extend({ order }) },
      responses: answers(listSchema(messageSchema), 'The messages that were answered'),
    }),
    async (c) => {
      const { id, messages } = await chats.get(c.req.valid('param').completion_id);
      const { after, limit, order: by } = c.req.valid('query');
      const all = messages.map((message, i) => ({
        id: `${id}-${i}`,
        role: message.role,
        content: message.content == null ? null : textOf(message.content),
        name: 'name' in message ? (message.name ?? null) : null,
      }));
      if (by === 'desc') all.reverse();
      const rest = all.slice(after === undefined ? 0 : all.findIndex((one) => one.id === after) + 1);
      const page = { data: rest.slice(0, limit), hasMore: rest.length > limit };
      return c.json(
        listOf(page, (message) => message),
        200,
      );
    },
  );
  api.openapi(
    createRoute({
      method: 'post',
      path: '/burnish/rewards',
      middleware: [requires('train')] as const,
      request: { body: jsonBody(rewardSchema) },
      responses: answers(
        z.object({
          object: z.literal('burnish.reward'),
          reward: z.number(),
          completions: z.array(z.string()),
        }),
        'The chats that have the reward now, the newest first',
      ),
    }),
    async (c) => {
      const { completion_id: id, reward, feedback = null } = c.req.valid('json');
      const completions = await chats.reward(id, reward, feedback);
      return c.json({ object: 'burnish.reward' as const, reward, completions }, 200);
    },
  );
}
