/** Weights are swapped under a name while it is answered for: nothing is dropped, and versions rise. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type OpenAI from 'openai';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { errorOf, jsonl, type TinyServer, tinyServer, writeTinyModel } from './testing/tiny-server.ts';

const KEY = 'alias';
/** Writes a second model with other weights. */
async function withOther(folder: string): Promise<string[]> {
  mkdirSync(join(folder, 'other'));
  await writeTinyModel(join(folder, 'other'), 2);
  return ['other'];
}

let tiny: TinyServer;
let client: OpenAI;
beforeAll(async () => {
  tiny = await tinyServer({}, withOther);
  client = tiny.client;
});
afterAll(() => tiny.close());

interface Moved {
  id: string;
  model: string;
  version: number;
}
const point = (id: string, model: string, at = client) =>
  at.put<Moved>(`/burnish/aliases/${id}`, { body: { model } });

/** Never ends by itself. */
const request = (model: string, seed: number, max_tokens: number) => ({
  model,
  messages: [{ role: 'user' as const, content: 'hello' }],
  max_tokens,
  seed,
  logit_bias: { '1': -100 },
  return_token_ids: true,
});

interface Told {
  text: string;
  version: number;
  fingerprint: string;
  reason: string | null;
}

/** Reads a stream; calls back when the first text is there. */
async function stream(model: string, seed: number, tokens: number, onText = () => {}): Promise<Told> {
  const told: Told = { text: '', version: 0, fingerprint: '', reason: null };
  const chunks = await client.chat.completions.create({ ...request(model, seed, tokens), stream: true });
  for await (const chunk of chunks as AsyncIterable<OpenAI.ChatCompletionChunk>) {
    const [choice] = chunk.choices;
    told.version = (chunk as unknown as { weights_version?: number }).weights_version ?? told.version;
    told.fingerprint = chunk.system_fingerprint ?? '';
    if (choice?.delta.content && told.text === '') onText();
    told.text += choice?.delta.content ?? '';
    told.reason = choice?.finish_reason ?? told.reason;
  }
  return told;
}

it('streams that have begun end with their weights, and those that come have the new ones', async () => {
  expect(await point(KEY, 'tiny')).toMatchObject({ object: 'burnish.alias', model: 'tiny', version: 1 });
  expect((await point(KEY, 'tiny')).version).toBe(1);
  const seeds = [1, 2, 3, 4, 5, 6, 7, 8];
  // Loaded, so that the move comes while the first streams are under way.
  await stream('other', 1, 1);
  let open = seeds.length;
  let release: () => void = () => undefined;
  const allBegun = new Promise<void>((resolve) => {
    release = resolve;
  });
  let running = seeds.length;
  const before = seeds.map(async (seed) => {
    const told = await stream(KEY, seed, 200, () => {
      if (--open === 0) release();
    });
    running--;
    return told;
  });
  await allBegun;
  expect(await point(KEY, 'other')).toMatchObject({ model: 'other', version: 2 });
  const stillRunning = running;
  const after = await Promise.all(seeds.map((seed) => stream(KEY, seed, 40)));
  const begun = await Promise.all(before);
  expect(stillRunning).toBeGreaterThan(0);
  for (const [i, seed] of seeds.entries()) {
    const [old, fresh] = [await stream('tiny', seed, 200), await stream('other', seed, 40)];
    expect(begun[i]).toEqual({ ...old, version: 1, reason: 'length' });
    expect(after[i]).toEqual({ ...fresh, version: 2, reason: 'length' });
    expect(old.text.startsWith(fresh.text)).toBe(false);
  }
}, 60_000);

it('clients that keep asking lose nothing while a name is moved again and again', async () => {
  // With room for one model each move lets the other one go.
  const crowded = await tinyServer({ mostModels: 1 }, withOther);
  await point('busy', 'tiny', crowded.client);
  let isOver = false;
  let answered = 0;
  const clients = Array.from({ length: 6 }, async (_, seed) => {
    let last = 0;
    for (let isLast = false; !isLast; ) {
      isLast = isOver;
      const answer = (await crowded.client.chat.completions.create(request('busy', seed, 8))) as unknown as {
        weights_version: number;
        usage: { completion_tokens: number };
      };
      expect(answer.usage.completion_tokens).toBe(8);
      expect(answer.weights_version).toBeGreaterThanOrEqual(last);
      last = answer.weights_version;
      answered++;
    }
    return last;
  });
  for (let i = 0; i < 20; i++) {
    await point('busy', i % 2 === 0 ? 'other' : 'tiny', crowded.client);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  isOver = true;
  expect(await Promise.all(clients)).toEqual(clients.map(() => 21));
  expect(answered).toBeGreaterThan(20);
  await crowded.close();
}, 60_000);

it('a job moves the name that it was given to each of its checkpoints, and to its model', async () => {
  const lines = [...'abcdefgh'].map((x) => ({
    messages: [
      { role: 'user', content: x },
      { role: 'assistant', content: `${x}${x}` },
    ],
  }));
  const { id } = await client.files.create({ file: jsonl('t.jsonl', lines), purpose: 'fine-tune' });
  const create = (serve_as: string) =>
    client.fineTuning.jobs.create({
      model: 'tiny',
      training_file: id,
      method: {
        type: 'supervised',
        supervised: { hyperparameters: { n_epochs: 5, batch_size: 4 }, burnish: { serve_as } },
      },
    } as never);
  const job = await create('learning');
  const versions = new Set<number>();
  let done = job;
  while (!['succeeded', 'failed'].includes(done.status)) {
    const asked = client.chat.completions.create(request('learning', 1, 4)) as unknown as Promise<{
      weights_version: number;
    }>;
    await asked.then(
      ({ weights_version: version }) => versions.add(version),
      // Before the first checkpoint there is no such name; afterwards there always is.
      (error) => expect([error.status, versions.size]).toEqual([404, 0]),
    );
    done = await client.fineTuning.jobs.retrieve(job.id);
  }
  expect(done).toMatchObject({ status: 'succeeded', error: null });
  await expect
    .poll(async () => (await client.models.retrieve('learning')) as unknown, { timeout: 5000 })
    .toMatchObject({
      id: 'learning',
      burnish: { alias_of: done.fine_tuned_model, job: job.id, weights_version: 6 },
    });
  expect([...versions]).toEqual([...versions].sort((a, b) => a - b));
  expect(versions.size).toBeGreaterThan(1);
  const { data } = await client.fineTuning.jobs.checkpoints.list(job.id);
  expect(data.length).toBe(3);
  const error = await errorOf(create('other'));
  expect([error.status, error.param]).toEqual([400, 'method.supervised.burnish.serve_as']);
}, 60_000);

it('names are listed with models, removed by themselves, and keep their model from being deleted', async () => {
  const ids = async () => (await client.models.list()).data.map(({ id }) => id);
  await point('short', 'tiny');
  expect(await ids()).toContain('short');
  const learned = (await client.models.retrieve('learning')) as unknown as { burnish: { alias_of: string } };
  const model = learned.burnish.alias_of;
  const error = await errorOf(client.models.delete(model));
  expect([error.status, error.param]).toEqual([400, 'model']);
  const { permissions } = client.fineTuning.checkpoints;
  const { data: given } = await permissions.create('learning', { project_ids: ['p1'] });
  expect((await permissions.retrieve(model)).data).toEqual(given);
  expect(await client.delete('/burnish/aliases/short')).toMatchObject({ id: 'short', deleted: true });
  expect((await errorOf(client.delete('/burnish/aliases/short') as Promise<unknown>)).status).toBe(404);
  // A name that is deleted as a model takes nothing with it.
  await client.models.delete('learning');
  expect(await ids()).toContain(model);
  expect(await ids()).not.toContain('learning');
  await client.models.delete(model);
  for (const [name, of, status, param] of [
    ['tiny', 'other', 400, 'alias'],
    ['a b', 'other', 400, 'alias'],
    ['fine', 'none', 404, 'model'],
  ] as const) {
    const refused = await errorOf(point(encodeURIComponent(name), of));
    expect([refused.status, refused.param]).toEqual([status, param]);
  }
});
