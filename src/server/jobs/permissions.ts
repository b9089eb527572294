/** `/v1/fine_tuning/checkpoints/{model}/permissions`: with which projects a job's model is shared. */
import { createHash } from 'node:crypto';
import { createRoute, z } from '@hono/zod-openapi';
import type { Database } from '../database/database.ts';
import { type Page, Records } from '../database/records.ts';
import { notFound } from '../errors.ts';
import { type Api, answers, deletedSchema, jsonBody } from '../http/api.ts';
import { listOf, listSchema, pageQuery } from '../http/pages.ts';
import { requires } from '../http/security.ts';
import { nowSeconds } from '../ids.ts';
import type { Models } from '../models/models.ts';

const permissionSchema = z
  .object({
    id: z.string(),
    object: z.literal('checkpoint.permission'),
    created_at: z.int(),
    project_id: z.string(),
  })
  .openapi('CheckpointPermission');

type Permission = z.infer<typeof permissionSchema>;

/** Keeps permissions. They are kept and nothing more: every key that may sample may use every model here. */
export class Permissions {
  private readonly records: Records<Permission>;

  constructor(database: Database) {
    this.records = new Records(database, 'checkpoint permission');
  }

  /** Shares a model with projects; with each of them once. */
  async add(model: string, projects: readonly string[]): Promise<Permission[]> {
    const created_at = nowSeconds();
    const wanted = [...new Set(projects)].map((project_id): Permission => {
      const name = createHash('sha256')
        .update(JSON.stringify([model, project_id]))
        .digest('hex');
      return { id: `cp_${name.slice(0, 24)}`, object: 'checkpoint.permission', created_at, project_id };
    });
    await this.records.add(...wanted.map((body) => ({ id: body.id, parent: model, body })));
    const ids = new Set(wanted.map(({ id }) => id));
    return (await this.records.everything(model)).filter(({ id }) => ids.has(id));
  }

  /** A page by age. An `after` that is not there gives an empty one. */
  async list(
    model: string,
    {
      after,
      limit,
      order,
      project,
    }: { after?: string; limit: number; order: 'ascending' | 'descending'; project?: string },
  ): Promise<Page<Permission>> {
    const all = await this.records.everything(model);
    if (order === 'descending') all.reverse();
    const at = after === undefined ? 0 : all.findIndex(({ id }) => id === after) + 1;
    if (after !== undefined && at === 0) return { data: [], hasMore: false };
    const left = all.slice(at).filter(({ project_id }) => project === undefined || project_id === project);
    return { data: left.slice(0, limit), hasMore: left.length > limit };
  }

  /** Throws a 404 where the model has no such permission. */
  async remove(model: string, id: string): Promise<void> {
    const known = (await this.records.everything(model)).some((one) => one.id === id);
    if (!known || !(await this.records.remove(id))) throw notFound('permission', id, 'permission_id');
  }

  /** Forgets all permissions of a model that is gone. */
  async forget(model: string): Promise<void> {
    for (const { id } of await this.records.everything(model)) await this.records.remove(id);
  }
}

const MODEL = 'fine_tuned_model_checkpoint';
const PATH = `/fine_tuning/checkpoints/{${MODEL}}/permissions` as const;
const params = z.object({ [MODEL]: z.string() });

/** Makes, lists and removes permissions, for keys of scope `admin`. */
export function permissionRoutes(api: Api, permissions: Permissions, models: Models): void {
  /** The own id of a model that a job has made, also where an alias named it. Throws a 404 for others. */
  const shared = async (name: string): Promise<string> => {
    const { id, burnish } = await models.get(name, MODEL);
    if (burnish.job === null) throw notFound('checkpoint', name, MODEL);
    return id;
  };
  api.openapi(
    createRoute({
      method: 'post',
      path: PATH,
      middleware: [requires('admin')] as const,
      request: {
        params,
        body: jsonBody(z.strictObject({ project_ids: z.array(z.string().min(1).max(255)).min(1).max(100) })),
      },
      responses: answers(listSchema(permissionSchema), 'The permissions of these projects'),
    }),
    async (c) => {
      const model = await shared(c.req.valid('param')[MODEL]);
      const data = await permissions.add(model, c.req.valid('json').project_ids);
      return c.json(
        listOf({ data, hasMore: false }, (one) => one),
        200,
      );
    },
  );
  api.openapi(
    createRoute({
      method: 'get',
      path: PATH,
      middleware: [requires('admin')] as const,
      request: {
        params,
        query: pageQuery(10, 100).extend({
          project_id: z.string().optional(),
          order: z.enum(['ascending', 'descending']).default('descending'),
        }),
      },
      responses: answers(listSchema(permissionSchema), 'A page of permissions'),
    }),
    async (c) => {
      const model = await shared(c.req.valid('param')[MODEL]);
      const { project_id: project, ...page } = c.req.valid('query');
      return c.json(
        listOf(await permissions.list(model, { ...page, project }), (one) => one),
        200,
      );
    },
  );
  api.openapi(
    createRoute({
      method: 'delete',
      path: `${PATH}/{permission_id}`,
      middleware: [requires('admin')] as const,
      request: { params: params.extend({ permission_id: z.string() }) },
      responses: answers(deletedSchema('checkpoint.permission'), 'The permission is gone'),
    }),
    async (c) => {
      const { [MODEL]: model, permission_id: id } = c.req.valid('param');
      await permissions.remove(await shared(model), id);
      return c.json({ id, object: 'checkpoint.permission' as const, deleted: true }, 200);
    },
  );
}
