/** `/v1/models`. */
import { createRoute, z } from '@hono/zod-openapi';
import { type Api, answers, deletedSchema } from '../http/api.ts';
import { requires } from '../http/security.ts';
import { type Models, modelObject, modelSchema } from './models.ts';

const params = z.object({ model: z.string() });

/** Lists, shows and removes models. */
export function modelRoutes(api: Api, models: Models): void {
  api.openapi(
    createRoute({
      method: 'get',
      path: '/models',
      middleware: [requires('read')] as const,
      responses: answers(z.object({ object: z.literal('list'), data: z.array(modelSchema) }), 'All models'),
    }),
    async (c) => c.json({ object: 'list' as const, data: (await models.list()).map(modelObject) }, 200),
  );
  api.openapi(
    createRoute({
      method: 'get',
      path: '/models/{model}',
      middleware: [requires('read')] as const,
      request: { params },
      responses: answers(modelSchema, 'The model'),
    }),
    async (c) => c.json(modelObject(await models.named(c.req.valid('param').model)), 200),
  );
  api.openapi(
    createRoute({
      method: 'delete',
      path: '/models/{model}',
      middleware: [requires('train')] as const,
      request: { params },
      responses: answers(deletedSchema('model'), 'The model is gone'),
    }),
    async (c) => {
      const { model: id } = c.req.valid('param');
      await models.remove(id);
      return c.json({ id, object: 'model' as const, deleted: true }, 200);
    },
  );
}
