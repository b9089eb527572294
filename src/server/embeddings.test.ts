/** Embeddings through the stock client, and the grader metric that is made of them. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cosine } from '../graders/openai/similarity/index.ts';
import { embedAt } from './grading/embed.ts';
import { errorOf, jsonl, settled, type TinyServer, tinyServer } from './testing/tiny-server.ts';

let tiny: TinyServer;
let client: OpenAI;
beforeAll(async () => {
  tiny = await tinyServer({ embedding: { model: 'tiny' } });
  client = tiny.client;
});
afterAll(() => tiny.close());

const WIDTH = 32;
const embed = async (input: OpenAI.EmbeddingCreateParams['input'], more = {}) =>
  (await client.embeddings.create({ model: 'tiny', input, ...more })).data.map(({ embedding }) => embedding);
const closeTo = (a: readonly number[], b: readonly number[], gap = 1e-5) => {
  expect(a.length).toBe(b.length);
  expect(Math.max(...a.map((x, i) => Math.abs(x - b[i])))).toBeLessThan(gap);
};
const norm = (x: readonly number[]) => Math.hypot(...x);

describe('embeddings', () => {
  it('have length 1, in either format, and count tokens', async () => {
    const answer = await client.embeddings.create({ model: 'tiny', input: 'hello' });
    expect(answer).toMatchObject({
      object: 'list',
      model: 'tiny',
      usage: { prompt_tokens: 5, total_tokens: 5 },
    });
    const [{ embedding, index, object }] = answer.data;
    expect([object, index, embedding.length]).toEqual(['embedding', 0, WIDTH]);
    expect(norm(embedding)).toBeCloseTo(1, 5);
    // The client asks for base64 by itself; floats are the same numbers.
    closeTo((await embed('hello', { encoding_format: 'float' }))[0], embedding, 1e-7);
    const raw = await client.embeddings.create({ model: 'tiny', input: 'hello', encoding_format: 'base64' });
    const bytes = Buffer.from(raw.data[0].embedding as unknown as string, 'base64');
    closeTo(
      Array.from({ length: WIDTH }, (_, i) => bytes.readFloatLE(4 * i)),
      embedding,
      1e-7,
    );
  });

  it('of several texts come in their order, as each alone', async () => {
    const texts = ['a rather long text that comes first', 'b', 'hello', 'x'.repeat(200), 'b'];
    const together = await embed(texts);
    for (const [i, text] of texts.entries()) closeTo(together[i], (await embed(text))[0]);
    closeTo(together[1], together[4], 1e-7);
    expect(cosine(together[0], together[1])).toBeLessThan(0.999);
  });

  it('take token ids, and are made shorter', async () => {
    const [whole] = await embed('hello');
    const { prompt_token_ids: ids } = (await client.chat.completions.create({
      model: 'tiny',
      messages: [{ role: 'user', content: 'hello' }],
      max_tokens: 1,
      return_token_ids: true,
    } as never)) as unknown as { prompt_token_ids: number[] };
    const word = ids.slice(2, 7);
    closeTo((await embed(word))[0], whole);
    closeTo((await embed([word, ids]))[0], whole);
    const [part] = await embed('hello', { dimensions: 8 });
    const first = whole.slice(0, 8);
    closeTo(
      part,
      first.map((x) => x / norm(first)),
    );
  });

  it.each<[string, object, string, string | null]>([
    ['no text', { input: '' }, 'input', 'invalid_value'],
    ['no texts', { input: [] }, 'input', 'invalid_value'],
    ['a text that is too long', { input: ['ok', 'x'.repeat(300)] }, 'input[1]', 'context_length_exceeded'],
    ['a foreign token', { input: [5, 1e6] }, 'input', null],
    ['a text in letters that the model lacks', { input: 'ü' }, 'input', null],
    ['too many dimensions', { input: 'a', dimensions: WIDTH + 1 }, 'dimensions', null],
    ['another format', { input: 'a', encoding_format: 'int8' }, 'encoding_format', 'invalid_value'],
  ])('of %s are refused', async (_, body, param, code) => {
    const error = await errorOf(client.embeddings.create({ model: 'tiny', ...body } as never));
    expect([error.status, error.param, error.code]).toEqual([400, param, code]);
  });

  it('need a model that is there', async () => {
    const error = await errorOf(client.embeddings.create({ model: 'none', input: 'a' }));
    expect([error.status, error.code]).toEqual([404, 'model_not_found']);
  });
});

describe('cosine', () => {
  const grader = {
    type: 'text_similarity',
    name: 'near',
    input: '{{sample.output_text}}',
    reference: '{{item.answer}}',
    evaluation_metric: 'cosine',
  } as const;
  const run = (model_sample: string, answer = 'four') =>
    client.fineTuning.alpha.graders.run({ grader, model_sample, item: { answer } } as never);

  it('is that of the vectors', async () => {
    const [a, b] = await embed(['five', 'four']);
    expect((await run('five')).reward).toBeCloseTo(cosine(a, b), 5);
    expect((await run('four')).reward).toBeCloseTo(1, 6);
    expect(await run('')).toMatchObject({ reward: 0, metadata: { errors: { other_error: false } } });
  });

  it('that cannot be had fails, and does not score 0 as if it had looked', async () => {
    const result = await run('x'.repeat(300));
    expect(result).toMatchObject({ reward: 0, metadata: { errors: { other_error: true } } });
  });

  it('grades a job', { timeout: 60_000 }, async () => {
    const lines = ['one', 'two'].map((answer) => ({ messages: [{ role: 'user', content: 'x' }], answer }));
    const { id } = await client.files.create({ file: jsonl('t.jsonl', lines), purpose: 'fine-tune' });
    const job = await client.fineTuning.jobs.create({
      model: 'tiny',
      training_file: id,
      method: {
        type: 'reinforcement',
        reinforcement: { grader, burnish: { max_steps: 1, max_completion_tokens: 4 } },
      },
    } as never);
    expect((await settled(client, job.id)).status).toBe('succeeded');
    const { data } = await client.fineTuning.jobs.listEvents(job.id);
    const step = data.find(({ type }) => type === 'metrics')?.data as {
      train_mean_reward: number;
      mean_unresponsive_rewards: number;
    };
    expect(step.mean_unresponsive_rewards).toBe(0);
    expect(step.train_mean_reward).toBeGreaterThan(0);
  });

  it('is refused where no model is set up for it', async () => {
    const other = await tinyServer();
    const error = await errorOf(other.client.fineTuning.alpha.graders.validate({ grader } as never));
    expect([error.status, error.param]).toEqual([400, 'grader.evaluation_metric']);
    await other.close();
  });

  it('asks an endpoint once a text, and again where that is busy', async () => {
    const asked: unknown[] = [];
    const server = createServer(async (request, response) => {
      let body = '';
      for await (const part of request) body += part;
      const { input, model } = JSON.parse(body) as { input: string[]; model: string };
      asked.push([request.url, request.headers.authorization, model, input]);
      if (asked.length === 1) response.writeHead(429, { 'retry-after-ms': '1' }).end();
      // In another order: the index says which is which.
      else
        response.end(
          JSON.stringify({
            data: input.map((text, index) => ({ index, embedding: [text.length, 1] })).reverse(),
          }),
        );
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const ask = embedAt({ url: `http://127.0.0.1:${port}/v1`, key: 'k', model: 'm' });
    const { signal } = new AbortController();
    expect(await ask(['a', 'bb'], signal)).toEqual([
      [1, 1],
      [2, 1],
    ]);
    expect(await ask(['ccc', 'bb'], signal)).toEqual([
      [3, 1],
      [2, 1],
    ]);
    const question = (input: string[]) => ['/v1/embeddings', 'Bearer k', 'm', input];
    expect(asked).toEqual([question(['a', 'bb']), question(['a', 'bb']), question(['ccc'])]);
    server.close();
  });
});
