/** Files and keys through the stock client. */
import OpenAI, { toFile } from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { errorOf, jsonl, type TinyServer, tinyServer } from './testing/tiny-server.ts';

let tiny: TinyServer;
let client: OpenAI;
beforeAll(async () => {
  tiny = await tinyServer({ fileBytes: 100_000 });
  client = tiny.client;
});
afterAll(() => tiny.close());

const line = { messages: [{ role: 'user', content: 'x' }] };

describe('files', () => {
  it('are uploaded, processed, listed by pages, read unchanged and deleted', async () => {
    const bytes = Buffer.from(`${JSON.stringify(line)}\r\n\n${JSON.stringify(line)}`);
    const made = [];
    for (let i = 0; i < 3; i++)
      made.push(
        await client.files.create({ file: await toFile(bytes, `é ${i}.jsonl`), purpose: 'fine-tune' }),
      );
    const ready = await client.files.waitForProcessing(made[0].id);
    expect(ready).toMatchObject({
      status: 'processed',
      filename: 'é 0.jsonl',
      bytes: bytes.length,
      object: 'file',
    });
    const content = await client.files.content(made[0].id);
    expect(Buffer.from(await content.arrayBuffer()).equals(bytes)).toBe(true);
    const seen: string[] = [];
    for await (const file of client.files.list({ limit: 1, purpose: 'fine-tune' })) seen.push(file.id);
    expect(seen).toEqual(made.map(({ id }) => id).reverse());
    const oldestFirst = await client.files.list({ order: 'asc', limit: 2 });
    expect(oldestFirst.data.map(({ id }) => id)).toEqual(made.slice(0, 2).map(({ id }) => id));
    expect(oldestFirst.has_more).toBe(true);
    expect(await client.files.delete(made[1].id)).toEqual({ id: made[1].id, object: 'file', deleted: true });
    const error = await errorOf(client.files.retrieve(made[1].id));
    expect(error).toBeInstanceOf(OpenAI.NotFoundError);
  });

  it('that are no JSONL say where', async () => {
    const file = await client.files.create({
      file: await toFile(Buffer.from(`${JSON.stringify(line)}\n{"a":`), 'bad.jsonl'),
      purpose: 'fine-tune',
    });
    expect(file.status).toBe('error');
    expect(file.status_details).toMatch(/^line 2: not valid JSON/);
  });

  it('expire', async () => {
    const file = await client.files.create({
      file: jsonl('a.jsonl', [line]),
      purpose: 'fine-tune',
      expires_after: { anchor: 'created_at', seconds: 3600 },
    });
    expect(file.expires_at).toBe(file.created_at + 3600);
  });

  it.each<[string, () => Promise<unknown>, number, string | null]>([
    [
      'another ending',
      () => client.files.create({ file: jsonl('a.txt', [line]), purpose: 'fine-tune' }),
      400,
      'file',
    ],
    [
      'no such purpose',
      () => client.files.create({ file: jsonl('a.jsonl', [line]), purpose: 'fun' as never }),
      400,
      'purpose',
    ],
    [
      'a large one',
      () => client.files.create({ file: jsonl('a.jsonl', ['x'.repeat(200_000)]), purpose: 'evals' }),
      413,
      'file',
    ],
    ['a body that is no form', () => client.post('/files', { body: { a: 1 } }), 400, 'file'],
    ['a wrong limit', () => client.files.list({ limit: 0 }), 400, 'limit'],
  ])('are refused: %s', async (_, request, status, param) => {
    const error = await errorOf(request());
    expect([error.status, error.param]).toEqual([status, param]);
  });
});

describe('keys', () => {
  it('are asked for', async () => {
    const stranger = new OpenAI({ baseURL: `${tiny.server.url}/v1`, apiKey: 'sk-no', maxRetries: 0 });
    expect(await errorOf(stranger.models.list())).toBeInstanceOf(OpenAI.AuthenticationError);
    expect((await fetch(`${tiny.server.url}/v1/models`)).status).toBe(401);
    expect((await fetch(`${tiny.server.url}/metrics`)).status).toBe(401);
    expect((await fetch(`${tiny.server.url}/healthz`)).status).toBe(200);
  });

  it('may do what their scopes say', async () => {
    const reader = await tiny.clientWith(['read']);
    expect((await reader.models.list()).data.length).toBeGreaterThan(0);
    const error = await errorOf(
      reader.files.create({ file: jsonl('a.jsonl', [line]), purpose: 'fine-tune' }),
    );
    expect(error).toBeInstanceOf(OpenAI.PermissionDeniedError);
    const chat = { model: 'tiny', messages: [{ role: 'user' as const, content: 'x' }], max_tokens: 2 };
    expect((await errorOf(reader.chat.completions.create(chat))).status).toBe(403);
    const sampler = await tiny.clientWith(['infer']);
    expect((await sampler.chat.completions.create(chat)).choices.length).toBe(1);
    expect((await errorOf(sampler.models.list())).status).toBe(403);
  });

  it('end when they are revoked, and are kept as hashes', async () => {
    const { key, secret } = await tiny.server.keys.create('short', ['read']);
    const short = new OpenAI({ baseURL: `${tiny.server.url}/v1`, apiKey: secret, maxRetries: 0 });
    await short.models.list();
    expect(JSON.stringify(await tiny.server.keys.list())).not.toContain(secret);
    expect(await tiny.server.keys.revoke(key.id)).toBe(true);
    expect((await errorOf(short.models.list())).status).toBe(401);
    expect(await tiny.server.keys.revoke('key_none')).toBe(false);
  });
});

describe('limits', () => {
  it('of requests say when to come back, and the client does', async () => {
    const slow = await tinyServer({ requestsPerMinute: 600 });
    try {
      const burst = Array.from({ length: 70 }, () =>
        slow.client.models.list().then(
          () => 200,
          (e) => e.status,
        ),
      );
      const statuses = await Promise.all(burst);
      expect(statuses.filter((status) => status === 200).length).toBeGreaterThanOrEqual(60);
      expect(statuses).toContain(429);
      const patient = new OpenAI({
        baseURL: `${slow.server.url}/v1`,
        apiKey: slow.client.apiKey,
        maxRetries: 5,
      });
      expect((await patient.models.list()).data.length).toBe(1);
    } finally {
      await slow.close();
    }
  });
});

it('describes itself', async () => {
  const answer = await fetch(`${tiny.server.url}/openapi.json`);
  const document = (await answer.json()) as { openapi: string; paths: object };
  expect(document.openapi).toBe('3.1.0');
  const paths = Object.keys(document.paths);
  for (const path of ['/v1/files', '/v1/fine_tuning/jobs', '/v1/chat/completions', '/v1/models/{model}'])
    expect(paths).toContain(path);
});
