/** Server-sent events, written straight to the connection: a stream of tokens is many small writes. */
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import type { Logger } from 'pino';
import { ApiError } from '../errors.ts';
import { type ApiContext, asApiError } from './api.ts';

/** Silence after which a comment tells the client that the stream is alive, in milliseconds. */
const PING = 15_000;

const noop = () => undefined;

/** Writes events to one client; those of the same turn of the event loop together. */
class EventWriter {
  private readonly to: ServerResponse;
  private readonly signal: AbortSignal;
  private pending = '';
  /** Until the client has taken what was written. */
  private drained: Promise<void> | undefined;

  constructor(to: ServerResponse, signal: AbortSignal) {
    this.to = to;
    this.signal = signal;
  }

  /** Waits where the client is slower than the model. */
  async write(value: unknown): Promise<void> {
    if (this.pending === '') process.nextTick(() => this.flush());
    this.pending += `data: ${JSON.stringify(value)}\n\n`;
    if (this.drained !== undefined) await this.drained;
  }

  end(): void {
    this.to.end(`${this.pending}data: [DONE]\n\n`);
    this.pending = '';
  }

  private flush(): void {
    const { to, signal, pending } = this;
    if (pending === '') return;
    this.pending = '';
    if (signal.aborted || to.write(pending)) return;
    // Ends with the client, too, whatever it was given by then.
    this.drained ??= once(to, 'drain', { signal })
      .then(noop, noop)
      .finally(() => {
        this.drained = undefined;
      });
  }
}

async function send(
  to: ServerResponse,
  values: AsyncIterable<unknown>,
  signal: AbortSignal,
  log: Logger,
): Promise<void> {
  const ping = setInterval(() => to.write(': ping\n\n'), PING);
  const writer = new EventWriter(to, signal);
  try {
    for await (const value of values) await writer.write(value);
  } catch (error) {
    if (signal.aborted) return;
    const known = asApiError(error);
    if (known === undefined) log.error({ error: (error as Error).stack }, 'a stream failed');
    const { body } = known ?? new ApiError(500, 'The server had an error while answering.');
    await writer.write(body);
  } finally {
    clearInterval(ping);
  }
  writer.end();
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
  // The request's own signal knows also of clients that left while a model was loaded for them.
  const { signal } = c.req.raw;
  to.writeHead(200, {
    'content-type': 'text/event-stream',
    'cache-control': 'no-cache',
    'x-request-id': c.get('requestId'),
  });
  await send(to, values(signal), signal, log);
  return RESPONSE_ALREADY_SENT;
}
