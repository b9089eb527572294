/** Judges elsewhere: asked again where they are busy or unreadable, and never twice what they have answered. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { openDatabase } from './database/database.ts';
import { migrate } from './database/migrations.ts';
import { Records } from './database/records.ts';
import { JudgeAnswers } from './grading/judge-answers.ts';
import { startServer } from './index.ts';
import { jsonl, settled, type TinyServer, tinyServer } from './testing/tiny-server.ts';

/** What the judge was asked, and what it says next; `{"result": 0.5}` where nothing is left. */
let asked: { messages: { content: string }[]; seed?: number }[] = [];
let next: { status?: number; content?: string; body?: string }[] = [];
let judge: Server;
let tiny: TinyServer;
let endpoint: { url: string; key: string };
beforeAll(async () => {
  judge = createServer(async (request, response) => {
    let question = '';
    for await (const part of request) question += part;
    asked.push(JSON.parse(question));
    const { status = 200, content = '{"steps":[],"result":0.5}', body } = next.shift() ?? {};
    const answer = {
      model: 'wise-1',
      choices: [{ message: { content } }],
      usage: { prompt_tokens: 7, completion_tokens: 3 },
    };
    response.writeHead(status, { 'retry-after-ms': '1' }).end(body ?? JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => judge.listen(0, '127.0.0.1', resolve));
  endpoint = { url: `http://127.0.0.1:${(judge.address() as AddressInfo).port}/v1`, key: 'k' };
  tiny = await tinyServer({ judge: endpoint });
});
afterAll(async () => {
  await tiny.close();
  judge.close();
});
beforeEach(() => {
  asked = [];
  next = [];
});

const grader = (seed: number) => ({
  type: 'score_model',
  name: 's',
  model: 'wise',
  input: [{ role: 'user', content: 'How good is {{ item.name }}?' }],
  sampling_params: { seed },
});
const run = (client: OpenAI, seed: number, name = 'this') =>
  client.fineTuning.alpha.graders.run({
    grader: grader(seed),
    model_sample: 'x',
    item: { name },
  } as never);

it('are asked again where they are busy, and where their answer cannot be read', async () => {
  next = [{ status: 429 }, { status: 503 }, { content: 'so-so' }];
  const unread = await run(tiny.client, 1);
  expect(unread).toMatchObject({ reward: 0, metadata: { errors: { model_grader_parse_error: true } } });
  expect(asked.length).toBe(3);
  expect((await run(tiny.client, 1)).reward).toBe(0.5);
  expect(asked.length).toBe(4);
});

it('are asked again where an answer breaks off, and not where they refuse', async () => {
  next = [{ body: '{"model": "wi' }];
  expect((await run(tiny.client, 4)).reward).toBe(0.5);
  expect(asked.length).toBe(2);
  next = [{ status: 403, body: 'no such key' }];
  const { metadata } = await run(tiny.client, 5);
  expect(metadata.errors.model_grader_server_error_details).toBe('it answered 403: no such key');
  expect(asked.length).toBe(3);
});

it('are not asked again by anybody: another request, a job, a later server', async () => {
  const first = await run(tiny.client, 2);
  expect(first).toMatchObject({ reward: 0.5, model_grader_token_usage_per_model: { 'wise-1': {} } });
  expect(asked).toMatchObject([{ messages: [{ content: 'How good is this?' }], seed: 2 }]);
  expect((await run(tiny.client, 2)).reward).toBe(0.5);
  const file = await tiny.client.files.create({
    file: jsonl('t.jsonl', [{ messages: [{ role: 'user', content: 'x' }], name: 'this' }]),
    purpose: 'fine-tune',
  });
  const job = await tiny.client.fineTuning.jobs.create({
    model: 'tiny',
    training_file: file.id,
    method: {
      type: 'reinforcement',
      reinforcement: { grader: grader(2), burnish: { max_steps: 1, max_completion_tokens: 2 } },
    },
  } as never);
  expect((await settled(tiny.client, job.id)).status).toBe('succeeded');
  const { data } = await tiny.client.fineTuning.jobs.listEvents(job.id);
  expect(data.find(({ type }) => type === 'metrics')?.data).toMatchObject({ train_mean_reward: 0.5 });
  expect(asked.length).toBe(1);
  // Another question is one: of other words, or with another seed.
  await run(tiny.client, 2, 'that');
  await run(tiny.client, 3);
  expect(asked.length).toBe(3);

  const later = await startServer({
    folder: join(tiny.folder, 'later'),
    database: join(tiny.folder, 'data', 'server.db'),
    host: '127.0.0.1',
    port: 0,
    models: new Map([['tiny', join(tiny.folder, 'tiny')]]),
    judge: endpoint,
  });
  const { secret } = await later.keys.create('later', ['train']);
  const client = new OpenAI({ baseURL: `${later.url}/v1`, apiKey: secret });
  expect((await run(client, 2)).reward).toBe(0.5);
  expect(asked.length).toBe(3);
  await later.close();
}, 60_000);

it('have a bounded number of answers kept, and none that are very long', async () => {
  const database = await openDatabase(join(tiny.folder, 'answers.db'));
  await migrate(database);
  const records = new Records<never>(database, 'judge answer');
  const answers = new JudgeAnswers(database, 30);
  const usage = { prompt_tokens: 1, completion_tokens: 1, cached_tokens: 0 };
  const answer = { content: '{}', refusal: null, model: 'm', usage };
  for (let i = 0; i < 201; i++) await answers.add(`q${i}`, answer);
  expect((await records.everything()).length).toBe(30);
  expect(await answers.get('q0')).toBeUndefined();
  expect(await answers.get('q200')).toEqual(answer);
  await answers.add('long', { ...answer, content: `"${'x'.repeat(20_000)}"` });
  expect(await answers.get('long')).toBeUndefined();
  await database.close();
  // A store that is gone knows nothing, and breaks nothing.
  await answers.add('q', answer);
  expect(await answers.get('q200')).toBeUndefined();
});
