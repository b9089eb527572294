/** Chats through the stock client: choices, seeds, log-probabilities, JSON, tools, streams, errors. */
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { errorOf, type TinyServer, tinyServer } from './testing/tiny-server.ts';

let tiny: TinyServer;
let client: OpenAI;
beforeAll(async () => {
  tiny = await tinyServer();
  client = tiny.client;
});
afterAll(() => tiny.close());

type Request = OpenAI.ChatCompletionCreateParamsNonStreaming;
const ask = (content: string, more: Partial<Request> = {}): Request => ({
  model: 'tiny',
  messages: [{ role: 'user', content }],
  max_tokens: 24,
  seed: 1,
  ...more,
});
const textsOf = ({ choices }: OpenAI.ChatCompletion) => choices.map(({ message }) => message.content);

const schema = {
  type: 'object',
  properties: {
    ok: { type: 'boolean' },
    kind: { enum: ['one', 'two'] },
    digits: { type: 'array', items: { type: 'integer', minimum: 0, maximum: 9 }, minItems: 1, maxItems: 3 },
  },
  required: ['ok', 'kind', 'digits'],
  additionalProperties: false,
};
const tool = (name: string) =>
  ({
    type: 'function',
    function: {
      name,
      parameters: {
        type: 'object',
        properties: { yes: { type: 'boolean' } },
        required: ['yes'],
        additionalProperties: false,
      },
    },
  }) as const;

describe('sampling', () => {
  it('repeats a seed, and gives each choice its own draw', async () => {
    const [first, again] = [
      await client.chat.completions.create(ask('hello', { n: 3 })),
      await client.chat.completions.create(ask('hello', { n: 3 })),
    ];
    expect(textsOf(again)).toEqual(textsOf(first));
    expect(new Set(textsOf(first)).size).toBe(3);
    expect(first.usage?.completion_tokens).toBeGreaterThan(3);
    expect(first._request_id).toMatch(/^req_/);
  });

  it('gives a request the same answer whatever else is in the batch', async () => {
    const alone = textsOf(await client.chat.completions.create(ask('hello')));
    const others = Array.from({ length: 12 }, (_, i) =>
      client.chat.completions.create(ask('x'.repeat(5 * i), { seed: i })),
    );
    const among = textsOf(await client.chat.completions.create(ask('hello')));
    await Promise.all(others);
    expect(among).toEqual(alone);
  });

  it('ends before a stop string, and says so', async () => {
    const [whole] = textsOf(await client.chat.completions.create(ask('hello')));
    const stop = (whole as string)[3];
    const { choices } = await client.chat.completions.create(ask('hello', { stop }));
    expect(choices[0].finish_reason).toBe('stop');
    expect(choices[0].message.content).toBe((whole as string).slice(0, (whole as string).indexOf(stop)));
  });

  it('takes the likeliest token at temperature 0, and what a bias forces', async () => {
    const [a, b] = [
      await client.chat.completions.create(ask('hello', { temperature: 0, seed: 1 })),
      await client.chat.completions.create(ask('hello', { temperature: 0, seed: 2 })),
    ];
    expect(textsOf(b)).toEqual(textsOf(a));
    // Token 36 is 'A': two special tokens, the line break, and the 33 characters before it.
    const forced = await client.chat.completions.create(
      ask('hello', { logit_bias: { 36: 100 }, max_tokens: 4 }),
    );
    expect(textsOf(forced)).toEqual(['AAAA']);
    const penalised = await client.chat.completions.create(
      ask('hello', { logit_bias: { 36: 20, 37: 19 }, presence_penalty: 2, temperature: 0, max_tokens: 2 }),
    );
    expect(textsOf(penalised)).toEqual(['AB']);
  });

  it("tells of log-probabilities that are the model's", async () => {
    const { choices } = await client.chat.completions.create(
      ask('hello', { logprobs: true, top_logprobs: 20 }),
    );
    const tokens = choices[0].logprobs?.content ?? [];
    expect(tokens.length).toBeGreaterThan(0);
    for (const { logprob, top_logprobs: top, bytes, token } of tokens) {
      const chances = top.map((one) => Math.exp(one.logprob));
      expect(chances.reduce((sum, x) => sum + x, 0)).toBeLessThanOrEqual(1 + 1e-5);
      expect(top.map((one) => one.logprob)).toEqual([...top.map((one) => one.logprob)].sort((x, y) => y - x));
      expect(logprob).toBeLessThanOrEqual(top[0].logprob);
      if (token !== '<eos>') expect(String.fromCharCode(...(bytes ?? []))).toBe(token);
    }
  });
});

describe('JSON', () => {
  it('always parses and fits the schema', async () => {
    for (let seed = 0; seed < 4; seed++) {
      const response_format = {
        type: 'json_schema',
        json_schema: { name: 'x', strict: true, schema },
      } as const;
      const { choices } = await client.chat.completions.create(
        ask('json', { n: 4, seed, response_format, max_tokens: 200 }),
      );
      for (const { message, finish_reason } of choices) {
        expect(finish_reason).toBe('stop');
        const value = JSON.parse(message.content ?? '');
        expect(Object.keys(value).sort()).toEqual(['digits', 'kind', 'ok']);
        expect(typeof value.ok).toBe('boolean');
        expect(['one', 'two']).toContain(value.kind);
        expect(value.digits.every((x: number) => Number.isInteger(x) && x >= 0 && x <= 9)).toBe(true);
      }
    }
  });

  it('refuses a schema that cannot be followed', async () => {
    const json_schema = { name: 'x', schema: { type: 'object', properties: { a: { type: 'nonsense' } } } };
    const error = await errorOf(
      client.chat.completions.create(ask('json', { response_format: { type: 'json_schema', json_schema } })),
    );
    expect(error).toBeInstanceOf(OpenAI.BadRequestError);
    expect(error.param).toBe('response_format.json_schema.schema');
  });
});

describe('tools', () => {
  it('calls the function that is forced, with arguments that fit', async () => {
    const { choices } = await client.chat.completions.create(
      ask('call', {
        tools: [tool('first'), tool('second')],
        tool_choice: { type: 'function', function: { name: 'second' } },
        max_tokens: 100,
      }),
    );
    const [call] = choices[0].message.tool_calls ?? [];
    expect(choices[0].message.content).toBeNull();
    expect(call).toMatchObject({ type: 'function', function: { name: 'second' } });
    expect(call.type === 'function' && JSON.parse(call.function.arguments)).toEqual({
      yes: expect.any(Boolean),
    });
  });

  it('calls one of the functions where a call is required, also in a stream', async () => {
    const request = ask('call', {
      tools: [tool('first'), tool('second')],
      tool_choice: 'required',
      max_tokens: 100,
    });
    const { choices } = await client.chat.completions.create(request);
    expect(choices[0].finish_reason).toBe('tool_calls');
    const [call] = choices[0].message.tool_calls ?? [];
    if (call.type !== 'function') throw new Error('expected a function');
    expect(['first', 'second']).toContain(call.function.name);
    const streamed = await client.chat.completions.stream({ ...request, stream: true }).finalChatCompletion();
    const [same] = streamed.choices[0].message.tool_calls ?? [];
    expect(same).toMatchObject({
      function: { name: call.function.name, arguments: call.function.arguments },
    });
  });
});

describe('streams', () => {
  it('say what the whole answer says', async () => {
    const request = ask('hello', { n: 2, logprobs: true, top_logprobs: 1 });
    const whole = await client.chat.completions.create(request);
    const texts = ['', ''];
    const logprobs: number[] = [];
    const reasons: unknown[] = [];
    let usage: unknown;
    const stream = await client.chat.completions.create({
      ...request,
      stream: true,
      stream_options: { include_usage: true },
    });
    for await (const chunk of stream) {
      for (const { index, delta, finish_reason, logprobs: told } of chunk.choices) {
        texts[index] += delta.content ?? '';
        if (index === 0) logprobs.push(...(told?.content ?? []).map(({ logprob }) => logprob));
        if (finish_reason !== null) reasons[index] = finish_reason;
      }
      if (chunk.usage) usage = chunk.usage;
    }
    expect(texts).toEqual(textsOf(whole));
    expect(reasons).toEqual(whole.choices.map(({ finish_reason }) => finish_reason));
    expect(logprobs).toEqual(whole.choices[0].logprobs?.content?.map(({ logprob }) => logprob));
    expect(usage).toEqual(whole.usage);
  });

  it('free their place when the client leaves', async () => {
    const stream = await client.chat.completions.create({
      ...ask('hello', { max_tokens: 240, logit_bias: { 1: -100 } }),
      stream: true,
    });
    for await (const _ of stream) break;
    stream.controller.abort();
    const [response] = [
      await fetch(`${tiny.server.url}/metrics`, { headers: { authorization: `Bearer ${client.apiKey}` } }),
    ];
    expect(response.status).toBe(200);
    await client.chat.completions.create(ask('hello'));
    const text = await (
      await fetch(`${tiny.server.url}/metrics`, { headers: { authorization: `Bearer ${client.apiKey}` } })
    ).text();
    expect(text).toContain('burnish_active_rows{model="tiny"} 0');
  });
});

describe('errors', () => {
  const messages: Request['messages'] = [{ role: 'user', content: 'x' }];
  it.each<[string, object, number, string | null]>([
    ['an unknown model', { model: 'nope', messages }, 404, 'model'],
    ['no messages', { model: 'tiny', messages: [] }, 400, 'messages'],
    ['an unknown parameter', { model: 'tiny', messages, zap: 1 }, 400, 'zap'],
    [
      'a role that is none',
      { model: 'tiny', messages: [{ role: 'bob', content: 'x' }] },
      400,
      'messages[0].role',
    ],
    ['too high a temperature', { model: 'tiny', messages, temperature: 3 }, 400, 'temperature'],
    ['top_logprobs alone', { model: 'tiny', messages, top_logprobs: 2 }, 400, 'top_logprobs'],
    [
      'characters it does not have',
      { model: 'tiny', messages: [{ role: 'user', content: 'é' }] },
      400,
      'messages',
    ],
    [
      'more than the context',
      { model: 'tiny', messages: [{ role: 'user', content: 'x'.repeat(300) }] },
      400,
      'messages',
    ],
    ['a tool choice without tools', { model: 'tiny', messages, tool_choice: 'required' }, 400, 'tool_choice'],
    ['foreign token ids', { model: 'tiny', messages, prompt_token_ids: [5000] }, 400, 'prompt_token_ids'],
  ])('%s', async (_, request, status, param) => {
    const error = await errorOf(client.chat.completions.create(request as Request));
    expect([error.status, error.param]).toEqual([status, param]);
  });
});

it('keeps the tokens of a conversation as they were sampled', async () => {
  const more = { return_token_ids: true, store: true } as object;
  type WithIds = OpenAI.ChatCompletion & { prompt_token_ids: number[]; choices: { token_ids: number[] }[] };
  let messages: Request['messages'] = [{ role: 'user', content: 'begin' }];
  let before: number[] = [];
  for (let turn = 0; turn < 4; turn++) {
    const reply = (await client.chat.completions.create({
      ...ask('', { seed: turn, max_tokens: 10 }),
      ...more,
      messages,
    })) as WithIds;
    expect(reply.prompt_token_ids.slice(0, before.length)).toEqual(before);
    // All but the last token of the turns before has been read by then, where that is worth it.
    const cached = reply.usage?.prompt_tokens_details?.cached_tokens ?? Number.NaN;
    if (turn > 0 && before.length > 64) expect(cached).toBeGreaterThanOrEqual(before.length - 1);
    expect(cached).toBeLessThan(reply.prompt_token_ids.length);
    before = [...reply.prompt_token_ids, ...reply.choices[0].token_ids];
    messages = [...messages, reply.choices[0].message, { role: 'user', content: `turn ${turn}` }];
  }
  expect(before.length).toBeGreaterThan(64);
});
