/** Refuses bodies that are too large, once they have been received: a client that is still sending would hear nothing. */
import type { MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { ApiError } from '../errors.ts';
import type { ServerEnv } from './api.ts';

/** Bytes that are received of what will be refused, as a multiple of the limit; then the connection is cut. */
const PATIENCE = 20;

const tooLarge = () => {
  throw new ApiError(413, 'The request is too large.', { code: 'request_too_large' });
};

async function discard(body: ReadableStream<Uint8Array>, most: number): Promise<void> {
  let seen = 0;
  for await (const chunk of body) {
    seen += chunk.length;
    if (seen > most) return;
  }
}

/** Lets bodies of at most so many bytes through. */
export function limitBody(bytes: number): MiddlewareHandler<ServerEnv> {
  const counted = bodyLimit({ maxSize: bytes, onError: tooLarge });
  return async (c, next) => {
    const length = c.req.header('content-length');
    const announced = Number(length ?? 0);
    if (announced <= bytes)
      // No more than announced is taken from the connection; only what comes in chunks has to be counted, which takes time.
      return length !== undefined && c.req.header('transfer-encoding') === undefined
        ? await next()
        : await counted(c, next);
    const { body } = c.req.raw;
    if (body !== null && announced <= PATIENCE * bytes) await discard(body, PATIENCE * bytes);
    tooLarge();
  };
}
