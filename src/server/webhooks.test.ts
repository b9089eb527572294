/** Webhooks: what is sent, that the stock client accepts it, and that it is sent again. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import OpenAI from 'openai';
import pino from 'pino';
import { expect, it } from 'vitest';
import type { Job } from './jobs/job.ts';
import { Webhooks } from './webhooks.ts';

const secret = `whsec_${Buffer.from('a secret of the test').toString('base64')}`;
const job = { id: 'ftjob-1', status: 'succeeded' } as Job;

it('are signed as the client checks, and sent again until they are taken', async () => {
  const taken: { body: string; headers: Headers }[] = [];
  let refusals = 2;
  const receiver = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      response.statusCode = refusals-- > 0 ? 503 : 204;
      if (response.statusCode === 204)
        taken.push({ body, headers: new Headers(request.headers as Record<string, string>) });
      response.end();
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`;
  const webhooks = new Webhooks({ url, secret }, pino({ level: 'silent' }), 5);
  webhooks.jobChanged({ ...job, status: 'running' });
  webhooks.jobChanged(job);
  while (taken.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  webhooks.close();
  receiver.close();
  const [{ body, headers }] = taken;
  const client = new OpenAI({ apiKey: 'none', webhookSecret: secret });
  const event = await client.webhooks.unwrap(body, headers);
  expect(event).toMatchObject({
    object: 'event',
    type: 'fine_tuning.job.succeeded',
    data: { id: 'ftjob-1' },
  });
  await expect(client.webhooks.unwrap(body.replace('ftjob-1', 'ftjob-2'), headers)).rejects.toThrow();
  expect(refusals).toBe(-1);
});
