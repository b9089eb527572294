/** The whole API as one function from requests to answers. */
import type { Logger } from 'pino';
import type { GradingContext } from '../graders/openai/index.ts';
import { completionRoutes } from './chat/plain-routes.ts';
import { chatRoutes } from './chat/routes.ts';
import { embeddingRoutes } from './embeddings/routes.ts';
import type { Files } from './files/files.ts';
import { fileRoutes } from './files/routes.ts';
import { graderRoutes } from './grading/routes.ts';
import { type Api, newApi } from './http/api.ts';
import { limitBody } from './http/body-limit.ts';
import { answerErrors, observe } from './http/requests.ts';
import { authenticate, limitRate } from './http/security.ts';
import type { Inference } from './inference/inference.ts';
import type { Idempotency } from './jobs/idempotency.ts';
import type { Jobs } from './jobs/jobs.ts';
import { type Permissions, permissionRoutes } from './jobs/permissions.ts';
import { jobRoutes } from './jobs/routes.ts';
import type { JobRunner } from './jobs/runner.ts';
import type { Keys } from './keys/keys.ts';
import type { ServerMetrics } from './metrics.ts';
import { aliasRoutes } from './models/alias-routes.ts';
import type { Models } from './models/models.ts';
import type { ModelNames } from './models/names.ts';
import { modelRoutes } from './models/routes.ts';
import { Conversations } from './traffic/conversations.ts';
import { trafficRoutes } from './traffic/routes.ts';
import type { StoredChats } from './traffic/stored-chats.ts';

export interface AppParts {
  keys: Keys;
  files: Files;
  jobs: Jobs;
  runner: JobRunner;
  models: Models;
  permissions: Permissions;
  names: ModelNames;
  inference: Inference;
  idempotency: Idempotency;
  grading: GradingContext;
  metrics: ServerMetrics;
  log: Logger;
  version: string;
  chats: StoredChats;
  /** Keep every chat, also those that do not ask for it. */
  storeAll: boolean;
  limits: AppLimits;
}

export interface AppLimits {
  /** Bytes of one uploaded file. */
  fileBytes: number;
  /** Bytes of any other request. */
  bodyBytes: number;
  /** Of one key; 0: no limit. */
  requestsPerMinute: number;
}

/** The API. */
export function createApp(parts: AppParts): Api {
  const { keys, files, jobs, runner, models, inference, idempotency, names, metrics, log, limits } = parts;
  const app = newApi();
  answerErrors(app, log);
  app.use(observe(log, metrics));
  app.get('/healthz', (c) => c.json({ status: 'ok' }));

  const v1 = newApi();
  const limited = limitBody(limits.bodyBytes);
  v1.use(authenticate(keys), limitRate(limits.requestsPerMinute));
  v1.use((c, next) => (c.req.path === '/v1/files' ? next() : limited(c, next)));
  fileRoutes(v1, files, limits.fileBytes);
  const embeds = parts.grading.embed !== undefined;
  jobRoutes(v1, { jobs, runner, models, files, chats: parts.chats, idempotency, names, embeds });
  permissionRoutes(v1, parts.permissions, models);
  graderRoutes(v1, parts.grading);
  modelRoutes(v1, models);
  aliasRoutes(v1, names);
  const answering = { inference, metrics, conversations: new Conversations() };
  completionRoutes(v1, answering, log);
  embeddingRoutes(v1, inference, metrics);
  chatRoutes(v1, {
    parts: answering,
    log,
    chats: parts.chats,
    storeAll: parts.storeAll,
  });
  trafficRoutes(v1, parts.chats);
  app.route('/v1', v1);

  app.get('/metrics', authenticate(keys), async (c) =>
    c.text(await metrics.registry.metrics(), 200, { 'content-type': metrics.registry.contentType }),
  );
  app.openAPIRegistry.registerComponent('securitySchemes', 'bearer', { type: 'http', scheme: 'bearer' });
  app.doc31('/openapi.json', {
    openapi: '3.1.0',
    info: { title: 'Burnish', version: parts.version },
    security: [{ bearer: [] }],
  });
  return app;
}
