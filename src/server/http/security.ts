/** Who may do what: bearer keys, scopes, and a limit of requests a key. */
import type { MiddlewareHandler } from 'hono';
import { ApiError } from '../errors.ts';
import { type Keys, may, type Scope } from '../keys/keys.ts';
import type { ServerEnv } from './api.ts';

/** Asks for a key that was made here and not revoked. */
export function authenticate(keys: Keys): MiddlewareHandler<ServerEnv> {
  return async (c, next) => {
    const header = c.req.header('authorization');
    const secret = /^Bearer +(\S+)$/i.exec(header ?? '')?.[1];
    const code = 'invalid_api_key';
    if (secret === undefined)
      throw new ApiError(401, "No API key was given. Send it as 'Authorization: Bearer KEY'.", { code });
    const key = await keys.find(secret);
    if (key === undefined)
      throw new ApiError(401, 'Incorrect API key provided, or it was revoked.', { code });
    c.set('key', key);
    await next();
  };
}

/** Lets only keys with a scope through. */
export function requires(scope: Scope): MiddlewareHandler<ServerEnv> {
  return async (c, next) => {
    const key = c.get('key');
    if (!may(key, scope))
      throw new ApiError(403, `This key has no scope '${scope}'; it has: ${key.scopes.join(', ')}.`, {
        type: 'permission_error',
        code: 'insufficient_scope',
      });
    await next();
  };
}

interface Bucket {
  tokens: number;
  /** Milliseconds. */
  at: number;
}

/** Keys whose last requests are remembered. */
const MOST_BUCKETS = 10_000;

/** At most `perMinute` requests a key and minute, a tenth of that at once; 0: no limit. */
export function limitRate(perMinute: number, now: () => number = Date.now): MiddlewareHandler<ServerEnv> {
  const buckets = new Map<string, Bucket>();
  const burst = Math.max(1, perMinute / 10);
  const refill = perMinute / 60_000;
  return async (c, next) => {
    if (perMinute > 0) {
      const { id } = c.get('key');
      const at = now();
      const before = buckets.get(id) ?? { tokens: burst, at };
      const tokens = Math.min(burst, before.tokens + (at - before.at) * refill);
      buckets.delete(id);
      if (buckets.size >= MOST_BUCKETS) buckets.delete(buckets.keys().next().value as string);
      buckets.set(id, { tokens: tokens >= 1 ? tokens - 1 : tokens, at });
      if (tokens < 1) {
        const wait = Math.ceil((1 - tokens) / refill);
        throw new ApiError(
          429,
          `Rate limit reached: ${perMinute} requests a minute. Try again in ${wait} ms.`,
          {
            type: 'requests',
            code: 'rate_limit_exceeded',
            headers: { 'retry-after-ms': String(wait), 'retry-after': String(Math.ceil(wait / 1000)) },
          },
        );
      }
    }
    await next();
  };
}
