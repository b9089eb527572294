/** Kept chats: what is kept, what it was worth, and that a model learns from it. */
import type OpenAI from 'openai';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { BurnishClient } from './index.ts';
import { errorOf, settled, type TinyServer, tinyServer } from './testing/tiny-server.ts';

let tiny: TinyServer;
let client: OpenAI;
beforeAll(async () => {
  tiny = await tinyServer();
  client = tiny.client;
});
afterAll(() => tiny.close());

type Message = OpenAI.ChatCompletionMessageParam;
type WithIds = OpenAI.ChatCompletion & { prompt_token_ids: number[]; choices: { token_ids: number[] }[] };

const ask = async (messages: Message[], seed: number, more: object = {}, model = 'tiny') =>
  (await client.chat.completions.create({
    model,
    messages,
    seed,
    max_tokens: 6,
    store: true,
    return_token_ids: true,
    ...more,
  } as OpenAI.ChatCompletionCreateParamsNonStreaming)) as WithIds;
const reward = (completion: string, value: number) =>
  new BurnishClient({ baseURL: client.baseURL, apiKey: client.apiKey ?? '' }).reward(completion, value);

/** Small letters are worth most. */
const worth = ({ choices }: WithIds) =>
  [...(choices[0].message.content ?? '')].filter((c) => /[a-z]/.test(c)).length / 6;

it('keeps chats that ask for it, shows and removes them', async () => {
  const kept = await ask([{ role: 'user', content: 'keep' }], 1, { metadata: { run: 'a' } });
  const lost = await ask([{ role: 'user', content: 'lose' }], 1, { store: false });
  const { id, choices } = await client.chat.completions.retrieve(kept.id);
  expect([id, choices[0].message.content]).toEqual([kept.id, kept.choices[0].message.content]);
  expect((await errorOf(client.chat.completions.retrieve(lost.id))).status).toBe(404);
  expect((await client.chat.completions.list({ metadata: { run: 'a' } })).data.map((one) => one.id)).toEqual([
    kept.id,
  ]);
  expect((await client.chat.completions.messages.list(kept.id)).data.map((one) => one.content)).toEqual([
    'keep',
  ]);
  await client.chat.completions.update(kept.id, { metadata: { run: 'b' } });
  expect((await client.chat.completions.list({ metadata: { run: 'a' } })).data).toEqual([]);
  await client.chat.completions.delete(kept.id);
  await expect(reward(kept.id, 1)).rejects.toThrow(/No such chat completion/);
});

it('never lets the tokens of a conversation drift, tool calls and all', async () => {
  const tool = {
    type: 'function',
    function: {
      name: 'look',
      parameters: {
        type: 'object',
        properties: { up: { type: 'boolean' } },
        required: ['up'],
        additionalProperties: false,
      },
    },
  };
  const forced = {
    tools: [tool],
    tool_choice: { type: 'function', function: { name: 'look' } },
    max_tokens: 60,
  };
  const messages: Message[] = [{ role: 'user', content: 'go' }];
  let before: number[] = [];
  const ids: string[] = [];
  for (const [turn, more] of [forced, { tools: [tool] }, { tools: [tool] }].entries()) {
    const reply = await ask(messages, turn, more);
    ids.push(reply.id);
    expect(reply.prompt_token_ids.slice(0, before.length)).toEqual(before);
    expect(reply.prompt_token_ids.length).toBeGreaterThan(before.length);
    before = [...reply.prompt_token_ids, ...reply.choices[0].token_ids];
    const { message } = reply.choices[0];
    messages.push(message);
    if (message.tool_calls)
      messages.push({ role: 'tool', tool_call_id: message.tool_calls[0].id, content: 'sky' });
    else messages.push({ role: 'user', content: `and ${turn}` });
  }
  // A reward for the last turn is one for the whole conversation.
  expect(await reward(ids[2], 0.5)).toEqual([...ids].reverse());
});

it('makes a model of it that is worth more', async () => {
  const before: number[] = [];
  for (let seed = 0; seed < 64; seed++) {
    const chat = await ask([{ role: 'user', content: 'write' }], seed, { metadata: { run: 'letters' } });
    before.push(worth(chat));
    await reward(chat.id, worth(chat));
  }
  const method = {
    type: 'traffic',
    traffic: {
      filter: { metadata: { run: 'letters' } },
      hyperparameters: { n_epochs: 40, batch_size: 64, learning_rate_multiplier: 20 },
    },
  };
  const { id } = await client.fineTuning.jobs.create({ model: 'tiny', seed: 1, method } as never);
  const job = await settled(client, id);
  expect([job.status, job.error]).toEqual(['succeeded', null]);
  const after: number[] = [];
  for (let seed = 100; seed < 132; seed++)
    after.push(
      worth(
        await ask(
          [{ role: 'user', content: 'write' }],
          seed,
          { store: false },
          job.fine_tuned_model as string,
        ),
      ),
    );
  const mean = (values: readonly number[]) => values.reduce((sum, x) => sum + x, 0) / values.length;
  expect(mean(after)).toBeGreaterThan(mean(before) + 0.1);
}, 60_000);

it('a job without kept chats is refused', async () => {
  const create = (body: object) => client.fineTuning.jobs.create({ model: 'tiny', ...body } as never);
  const none = await errorOf(
    create({ method: { type: 'traffic', traffic: { filter: { model: 'other' } } } }),
  );
  expect([none.status, none.param]).toEqual([400, 'method.traffic.filter']);
  const file = await errorOf(create({ training_file: 'file-x', method: { type: 'traffic' } }));
  expect([file.status, file.param]).toEqual([400, 'training_file']);
});
