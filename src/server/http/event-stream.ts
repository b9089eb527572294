/** Server-sent events, written straight to the connection: a stream of tokens is many small writes. */
import type { ServerResponse } from 'node:http';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import type { Logger } from 'pino';
import { ApiError } from '../errors.ts';
import { type ApiContext, asApiError } from './api.ts';

/** Silence after which a comment tells the client that the stream is alive, in milliseconds. */
const PING = 15_000;

/** Writes, and waits where the client is slower than the model. */
async function write(to: ServerResponse, text: string, signal: AbortSignal): Promise<void> {
  if (to.write(text) || signal.aborted) return;
  await new Promise<void>((resolve) => {
    to.once('drain', resolve);
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

async function send(
  to: ServerResponse,
  values: AsyncIterable<unknown>,
  signal: AbortSignal,
  log: Logger,
): Promise<void> {
  const ping = setInterval(() => to.write(': ping\n\n'), PING);
  try {
    for await (const value of values) await write(to, `data: ${JSON.stringify(value)}\n\n`, signal);
  } catch (error) {
    if (signal.aborted) return;
    const known = asApiError(error);
    if (known === undefined) log.error({ error: (error as Error).stack }, 'a stream failed');
    const { body } = known ?? new ApiError(500, 'The server had an error while answering.');
    await write(to, `data: ${JSON.stringify(body)}\n\n`, signal);
  } finally {
    clearInterval(ping);
  }
  to.end('data: [DONE]\n\n');
}

/**
 * Answers with the values as events, an error as the last one, and `[DONE]`. `values` is given a signal that aborts when the
 * client goes away.
 */
export async function eventStream(
  c: ApiContext,
  values: (signal: AbortSignal) => AsyncIterable<unknown>,
  log: Logger,
): Promise<Response> {
  const { outgoing } = c.env;
  const to = outgoing as ServerResponse;
  const gone = new AbortController();
  to.on('close', () => {
    if (!to.writableFinished) gone.abort(new Error('the client is gone'));
  });
  to.writeHead(200, {
    'content-type': 'text/event-stream',
    'cache-control': 'no-cache',
    'x-request-id': c.get('requestId'),
  });
  await send(to, values(gone.signal), gone.signal, log);
  return RESPONSE_ALREADY_SENT;
}
