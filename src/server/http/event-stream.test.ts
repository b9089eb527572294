/** Streams know when nobody listens any more. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { serve } from '@hono/node-server';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { newApi } from './api.ts';
import { eventStream } from './event-stream.ts';

it('a client that left before its stream began is waited for by nobody', async () => {
  const app = newApi();
  let toldAtOnce = false;
  const ended = new Promise<void>((resolve) => {
    app.get('/', async (c) => {
      c.set('requestId', 'one');
      await once(c.env.outgoing, 'close');
      const values = async function* (signal: AbortSignal) {
        toldAtOnce = signal.aborted;
        for (let i = 0; i < 10; i++) yield i;
      };
      const response = await eventStream(c, values, pino({ level: 'silent' }));
      resolve();
      return response;
    });
  });
  const server = serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 });
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const socket = connect(port, '127.0.0.1', () => socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n'));
  setTimeout(() => socket.destroy(), 50);
  await ended;
  expect(toldAtOnce).toBe(true);
  server.close();
}, 10_000);
