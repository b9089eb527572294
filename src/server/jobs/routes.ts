/** `/v1/fine_tuning/jobs`. */
import { createRoute, z } from '@hono/zod-openapi';
import type { MiddlewareHandler } from 'hono';
import type { Files } from '../files/files.ts';
import { type Api, answers, checked, jsonBody, type ServerEnv } from '../http/api.ts';
import { listOf, listSchema, pageQuery } from '../http/pages.ts';
import { requires } from '../http/security.ts';
import type { Models } from '../models/models.ts';
import type { ModelNames } from '../models/names.ts';
import type { StoredChats } from '../traffic/stored-chats.ts';
import { createJobSchema, newJob } from './create-job.ts';
import type { Idempotency } from './idempotency.ts';
import { checkpointSchema, eventSchema, jobObject, jobSchema, metadataSchema } from './job.ts';
import type { Jobs } from './jobs.ts';
import type { JobRunner } from './runner.ts';

const params = z.object({ fine_tuning_job_id: z.string() });

/** `metadata[key]=value` pairs of a query; null for `metadata=null`. */
function metadataFilter(query: Readonly<Record<string, string>>): Record<string, string> | null | undefined {
  if (query.metadata === 'null') return null;
  const pairs = Object.entries(query).flatMap(([name, value]) => {
    const key = /^metadata\[(.+)\]$/.exec(name)?.[1];
    return key === undefined ? [] : [[key, value]];
  });
  return pairs.length === 0 ? undefined : checked(metadataSchema, Object.fromEntries(pairs), ['metadata']);
}

export interface JobRoutesOptions {
  jobs: Jobs;
  runner: JobRunner;
  models: Models;
  files: Files;
  chats: StoredChats;
  idempotency: Idempotency;
  names: ModelNames;
  /** Whether graders can have texts embedded. */
  embeds: boolean;
}

/** Makes, shows, lists and steers jobs. */
export function jobRoutes(
  api: Api,
  { jobs, runner, models, files, chats, idempotency, names, embeds }: JobRoutesOptions,
): void {
  api.openapi(
    createRoute({
      method: 'post',
      path: '/fine_tuning/jobs',
      middleware: [requires('train')] as const,
      request: {
        body: jsonBody(createJobSchema),
        headers: z.object({ 'idempotency-key': z.string().max(255).optional() }),
      },
      responses: answers(jobSchema, 'The job'),
    }),
    async (c) => {
      const { 'idempotency-key': name } = c.req.valid('header');
      const request = c.req.valid('json');
      const id = await idempotency.once(c.get('key').id, name, request, async () => {
        const job = await newJob(request, { models, files, chats, names, embeds });
        await runner.submit(job);
        return job.id;
      });
      return c.json(jobObject(await jobs.get(id)), 200);
    },
  );
  api.openapi(
    createRoute({
      method: 'get',
      path: '/fine_tuning/jobs',
      middleware: [requires('read')] as const,
      request: { query: pageQuery(20, 100).loose() },
      responses: answers(listSchema(jobSchema), 'A page of jobs, newest first'),
    }),
    async (c) => {
      const { after, limit } = c.req.valid('query');
      const metadata = metadataFilter(c.req.query());
      return c.json(listOf(await jobs.list({ after, limit, metadata }), jobObject), 200);
    },
  );
  api.openapi(
    createRoute({
      method: 'get',
      path: '/fine_tuning/jobs/{fine_tuning_job_id}',
      middleware: [requires('read')] as const,
      request: { params },
      responses: answers(jobSchema, 'The job'),
    }),
    async (c) => c.json(jobObject(await jobs.get(c.req.valid('param').fine_tuning_job_id)), 200),
  );
  for (const action of ['cancel', 'pause', 'resume'] as const) {
    const middleware: MiddlewareHandler<ServerEnv>[] = [requires('train')];
    api.openapi(
      createRoute({
        method: 'post',
        path: `/fine_tuning/jobs/{fine_tuning_job_id}/${action}`,
        middleware,
        request: { params },
        responses: answers(jobSchema, 'The job'),
      }),
      async (c) => c.json(jobObject(await runner[action](c.req.valid('param').fine_tuning_job_id)), 200),
    );
  }
  api.openapi(
    createRoute({
      method: 'get',
      path: '/fine_tuning/jobs/{fine_tuning_job_id}/events',
      middleware: [requires('read')] as const,
      request: { params, query: pageQuery(20, 1000) },
      responses: answers(listSchema(eventSchema), 'A page of events, newest first'),
    }),
    async (c) => {
      const page = await jobs.eventsOf(c.req.valid('param').fine_tuning_job_id, c.req.valid('query'));
      return c.json(
        listOf(page, (event) => event),
        200,
      );
    },
  );
  api.openapi(
    createRoute({
      method: 'get',
      path: '/fine_tuning/jobs/{fine_tuning_job_id}/checkpoints',
      middleware: [requires('read')] as const,
      request: { params, query: pageQuery(10, 100) },
      responses: answers(listSchema(checkpointSchema), 'A page of checkpoints, newest first'),
    }),
    async (c) => {
      const page = await jobs.checkpointsOf(c.req.valid('param').fine_tuning_job_id, c.req.valid('query'));
      return c.json(
        listOf(page, (checkpoint) => checkpoint),
        200,
      );
    },
  );
}
