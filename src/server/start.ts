/** Starts the server: opens what it keeps, takes up what was left, and listens. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type ServerType, serve } from '@hono/node-server';
import pino, { type Logger } from 'pino';
import { createApp } from './app.ts';
import { openDatabase } from './database/database.ts';
import { migrate } from './database/migrations.ts';
import { Records } from './database/records.ts';
import { Files } from './files/files.ts';
import { gradingContext } from './grading/context.ts';
import type { EmbeddingEndpoint } from './grading/embed.ts';
import type { Endpoint } from './grading/endpoint.ts';
import { JudgeAnswers } from './grading/judge-answers.ts';
import { nowSeconds } from './ids.ts';
import { Inference } from './inference/inference.ts';
import { Idempotency } from './jobs/idempotency.ts';
import { Jobs } from './jobs/jobs.ts';
import { Permissions } from './jobs/permissions.ts';
import { JobRunner } from './jobs/runner.ts';
import { Keys } from './keys/keys.ts';
import { serverMetrics } from './metrics.ts';
import { Aliases } from './models/aliases.ts';
import { Models } from './models/models.ts';
import { ModelNames } from './models/names.ts';
import { StoredChats } from './traffic/stored-chats.ts';
import { type WebhookOptions, Webhooks } from './webhooks.ts';

export interface ServerOptions {
  /** Folder of files, jobs and models, and of the database unless that is elsewhere. */
  folder: string;
  /** `postgres://…` or the path of an SQLite file; `server.db` in the folder unless given. */
  database?: string;
  host: string;
  /** 0: any free one. */
  port: number;
  /** Folders of base models by name. */
  models: ReadonlyMap<string, string>;
  /** Jobs at a time. */
  jobs?: number;
  /** Completions that a model makes at a time. */
  maxRows?: number;
  cacheBytes?: number;
  /** Models loaded at a time. */
  mostModels?: number;
  requestsPerMinute?: number;
  /** Keep every chat, also those that do not ask for it. */
  storeAll?: boolean;
  fileBytes?: number;
  bodyBytes?: number;
  /** Where judges are asked; this server itself unless given. */
  judge?: Endpoint;
  /** Who embeds texts for the metric `cosine`: a model of this server, or one at an endpoint. Absent: nobody. */
  embedding?: { model: string; endpoint?: Endpoint };
  /** Who is told when jobs end. */
  webhook?: WebhookOptions;
  log?: Logger;
  version?: string;
}

export interface RunningServer {
  /** Where it listens, such as `http://127.0.0.1:8080`. */
  url: string;
  keys: Keys;
  /** Stops listening, ends streams and jobs well, and closes what is kept. */
  close(): Promise<void>;
}

/** How long open requests may take to end when the server stops, in milliseconds. */
const GRACE = 30_000;
/** Between two sweeps of files whose time is over, in milliseconds. */
const SWEEP = 600_000;

/** Opens the keys of a server's database, for the command line. */
export async function openKeys(folder: string, place = join(folder, 'server.db')) {
  const database = await openDatabase(place);
  await migrate(database);
  return { keys: new Keys(new Records(database, 'key')), close: () => database.close() };
}

/** Starts a server. Throws an Error that says what it cannot use. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { folder, host, log = pino({ level: 'silent' }) } = options;
  await mkdir(folder, { recursive: true });
  const place = options.database ?? join(folder, 'server.db');
  const database = await openDatabase(place);
  await migrate(database);
  const metrics = serverMetrics();
  const keys = new Keys(new Records(database, 'key'));
  const files = new Files(join(folder, 'files'), new Records(database, 'file'));
  await files.open();
  const aliases = new Aliases(new Records(database, 'alias'));
  const models = new Models(options.models, new Records(database, 'model'), aliases, nowSeconds());
  const jobs = new Jobs(database);
  const permissions = new Permissions(database);
  models.onRemoved.push((id) => permissions.forget(id));
  const webhooks = options.webhook && new Webhooks(options.webhook, log);
  if (webhooks !== undefined) jobs.onChange = (job) => webhooks.jobChanged(job);
  const inference = new Inference({
    models,
    metrics,
    mostModels: options.mostModels ?? 4,
    maxRows: options.maxRows ?? 64,
    cacheBytes: options.cacheBytes ?? 2 ** 30,
  });
  const names = new ModelNames(aliases, models, inference);
  // This server, once its address is known.
  let self: Endpoint | null = null;
  const judge = () => options.judge ?? self;
  const { embedding } = options;
  const embedder =
    embedding &&
    ((): EmbeddingEndpoint | null => {
      const place = embedding.endpoint ?? self;
      return place && { ...place, model: embedding.model };
    });
  // Of this server's own models nothing is kept: their names may come to stand for other weights.
  const answers = options.judge && new JudgeAnswers(database);
  const runner = new JobRunner({
    jobs,
    files,
    models,
    names,
    metrics,
    log,
    folder: join(folder, 'jobs'),
    concurrency: options.jobs ?? 1,
    judge,
    answers: options.judge === undefined ? null : place,
    embedder: () => embedder?.() ?? null,
  });
  const own = await keys.ownKey();
  const grading = gradingContext({ judge, answers, embedder });
  const app = createApp({
    keys,
    files,
    jobs,
    runner,
    models,
    inference,
    permissions,
    names,
    idempotency: new Idempotency(new Records(database, 'idempotency')),
    grading,
    metrics,
    log,
    version: options.version ?? '0',
    chats: new StoredChats(database),
    storeAll: options.storeAll ?? false,
    limits: {
      fileBytes: options.fileBytes ?? 512 * 2 ** 20,
      bodyBytes: options.bodyBytes ?? 16 * 2 ** 20,
      requestsPerMinute: options.requestsPerMinute ?? 0,
    },
  });
  const { server, port } = await listen(app.fetch, host, options.port);
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
  self = { url: `${url}/v1`, key: own };
  await runner.open();
  const sweeping = setInterval(() => void files.sweep().catch(() => undefined), SWEEP);
  log.info({ url }, 'listening');
  return {
    url,
    keys,
    async close() {
      clearInterval(sweeping);
      await Promise.all([runner.close(), closed(server)]);
      webhooks?.close();
      inference.close();
      await grading.close();
      await database.close();
      log.info('closed');
    },
  };
}

type Fetch = (request: Request) => Response | Promise<Response>;

function listen(fetch: Fetch, host: string, port: number): Promise<{ server: ServerType; port: number }> {
  return new Promise((resolve, reject) => {
    const server = serve({ fetch, hostname: host, port }, (info) => resolve({ server, port: info.port }));
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.code === 'EADDRINUSE'
          ? new Error(`port ${port} of ${host} is in use: choose another one`)
          : new Error(`cannot listen on ${host}:${port}: ${error.message}`),
      ),
    );
  });
}

/** Resolves when all requests have ended; what takes too long is cut off. */
function closed(server: ServerType): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    if ('closeIdleConnections' in server) server.closeIdleConnections();
    setTimeout(() => {
      if ('closeAllConnections' in server) server.closeAllConnections();
    }, GRACE).unref();
  });
}
