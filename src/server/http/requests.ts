/** What happens to every request: an id, a line in the log without what was said, counts, and errors as answers. */
import type { MiddlewareHandler } from 'hono';
import type { Logger } from 'pino';
import { ApiError } from '../errors.ts';
import { newId } from '../ids.ts';
import type { ServerMetrics } from '../metrics.ts';
import { type Api, asApiError, type ServerEnv } from './api.ts';

/** Names the request, times it and logs it: never headers, bodies or queries, which may hold secrets and prompts. */
export function observe(log: Logger, metrics: ServerMetrics): MiddlewareHandler<ServerEnv> {
  return async (c, next) => {
    const requestId = newId('req_');
    c.set('requestId', requestId);
    const started = performance.now();
    await next();
    // A stream has sent its headers itself.
    if (!c.env.outgoing.headersSent) c.header('x-request-id', requestId);
    const seconds = (performance.now() - started) / 1000;
    const { status } = c.res;
    const route = c.req.routePath;
    metrics.requests.inc({ method: c.req.method, route, status });
    metrics.requestSeconds.observe({ method: c.req.method, route }, seconds);
    log.info({ requestId, method: c.req.method, route, status, seconds, key: c.get('key')?.id }, 'request');
  };
}

/** Turns whatever a handler throws into the API's error object. */
export function answerErrors(api: Api, log: Logger): void {
  api.onError((error, c) => {
    const known = asApiError(error);
    if (known === undefined)
      log.error({ requestId: c.get('requestId'), error: error.stack ?? String(error) }, 'request failed');
    const { status, body, details } =
      known ?? new ApiError(500, 'The server had an error while processing your request.');
    for (const [name, value] of Object.entries(details.headers ?? {})) c.header(name, value);
    return c.json(body, status);
  });
  api.notFound((c) => {
    const { status, body } = new ApiError(404, `Unknown request URL: ${c.req.method} ${c.req.path}`, {
      code: 'unknown_url',
    });
    return c.json(body, status);
  });
}
