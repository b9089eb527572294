/** `/v1/burnish/aliases`: names whose weights can be swapped under requests. */
import { createRoute, z } from '@hono/zod-openapi';
import { notFound } from '../errors.ts';
import { type Api, answers, deletedSchema, jsonBody } from '../http/api.ts';
import { requires } from '../http/security.ts';
import type { Alias } from './aliases.ts';
import type { ModelNames } from './names.ts';

const aliasSchema = z
  .object({
    id: z.string(),
    object: z.literal('burnish.alias'),
    model: z.string(),
    version: z.int(),
    moved_at: z.int(),
  })
  .openapi('Alias');

const params = z.object({ alias: z.string() });
const aliasObject = (alias: Alias) => ({ ...alias, object: 'burnish.alias' as const });

/** Makes, moves, lists and removes aliases. */
export function aliasRoutes(api: Api, names: ModelNames): void {
  api.openapi(
    createRoute({
      method: 'put',
      path: '/burnish/aliases/{alias}',
      middleware: [requires('train')] as const,
      request: { params, body: jsonBody(z.strictObject({ model: z.string().min(1) })) },
      responses: answers(aliasSchema, 'The alias: requests that come now are answered by this model'),
    }),
    async (c) => {
      const { alias } = c.req.valid('param');
      return c.json(aliasObject(await names.point(alias, c.req.valid('json').model)), 200);
    },
  );
  api.openapi(
    createRoute({
      method: 'get',
      path: '/burnish/aliases',
      middleware: [requires('read')] as const,
      responses: answers(z.object({ object: z.literal('list'), data: z.array(aliasSchema) }), 'All aliases'),
    }),
    async (c) => {
      const data = (await names.aliases.list()).map(aliasObject);
      return c.json({ object: 'list' as const, data }, 200);
    },
  );
  api.openapi(
    createRoute({
      method: 'delete',
      path: '/burnish/aliases/{alias}',
      middleware: [requires('train')] as const,
      request: { params },
      responses: answers(deletedSchema('burnish.alias'), 'The alias is gone; its model is still there'),
    }),
    async (c) => {
      const { alias: id } = c.req.valid('param');
      if (!(await names.aliases.remove(id))) throw notFound('alias', id, 'alias');
      return c.json({ id, object: 'burnish.alias' as const, deleted: true }, 200);
    },
  );
}
