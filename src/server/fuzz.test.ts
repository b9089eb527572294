/** Thousands of malformed requests: always an error object of the right kind, never a crash, and nothing changes. */
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Rng, rng } from '../random/index.ts';
import { type TinyServer, tinyServer } from './testing/tiny-server.ts';

const REQUESTS = Number(process.env.BURNISH_FUZZ ?? 20_000);
/** Requests under way at a time. */
const AT_ONCE = 16;

let tiny: TinyServer;
beforeAll(async () => {
  tiny = await tinyServer({ bodyBytes: 300_000, fileBytes: 300_000 });
});
afterAll(() => tiny.close());

interface Malformed {
  method: string;
  path: string;
  body?: string;
  headers?: Record<string, string>;
  /** What `param` has to begin with; undefined: anything. */
  param?: string;
}

const message = { role: 'user', content: 'x' };
const grader = { type: 'string_check', name: 'n', input: 'a', reference: 'b', operation: 'eq' };
/** Bodies that would be accepted, but for the file that they name. */
const BODIES: Record<string, Record<string, unknown>> = {
  '/v1/chat/completions': { model: 'tiny', messages: [message], max_tokens: 1 },
  '/v1/completions': { model: 'tiny', prompt: 'x', max_tokens: 1 },
  '/v1/embeddings': { model: 'tiny', input: 'x' },
  '/v1/fine_tuning/jobs': {
    model: 'tiny',
    training_file: 'file-none',
    method: { type: 'reinforcement', reinforcement: { grader, hyperparameters: { n_epochs: 1 } } },
  },
  '/v1/fine_tuning/alpha/graders/run': { grader, model_sample: 'x', item: {} },
  '/v1/fine_tuning/alpha/graders/validate': { grader },
  '/v1/burnish/rewards': { completion_id: 'chatcmpl-none', reward: 1 },
};

/** Members with values that they cannot have, and where the error has to point. */
const WRONG: Record<string, [path: (string | number)[], values: unknown[]][]> = {
  '/v1/chat/completions': [
    [['model'], [1, null, {}, [], '', true]],
    [['messages'], ['x', {}, [], null, 5]],
    [
      ['messages', 0],
      ['x', 5, null, []],
    ],
    [
      ['messages', 0, 'role'],
      ['bob', 1, null, {}, ''],
    ],
    [
      ['messages', 0, 'content'],
      [5, {}, [{ type: 'text' }], [{ type: 'image_url', image_url: {} }]],
    ],
    [['temperature'], ['hot', -1, 2.1, {}, []]],
    [['top_p'], [-0.1, 1.1, 'x']],
    [['n'], [0, 129, 1.5, 'x']],
    [['max_tokens'], [0, -1, 1.5, 'x']],
    [['stop'], [5, {}, ['a', 'b', 'c', 'd', 'e'], ['']]],
    [['seed'], [1.5, 'x', {}]],
    [['logit_bias'], ['x', 5, { a: 1 }, { 1: 101 }, { 1: 'x' }]],
    [['presence_penalty'], [-3, 3, 'x']],
    [['response_format'], ['json', 5, { type: 'xml' }, { type: 'json_schema' }]],
    [['tools'], ['x', [], [{}], [{ type: 'function', function: { name: 'a b' } }]]],
    [['stream'], ['yes', 1, {}]],
    [['store'], ['yes', 1]],
    [['metadata'], ['x', { a: 1 }, []]],
    [['prompt_token_ids'], ['x', [-1], [1.5], [], [1e9]]],
    [['top_logprobs'], [21, -1, 'x', 5]],
  ],
  '/v1/completions': [
    [['model'], [1, null, {}]],
    [['prompt'], [{}, null, [], [[1]], ['a', 'b']]],
    [['max_tokens'], [0, 'x']],
    [['echo'], [true, 'x']],
    [['logprobs'], [6, true]],
  ],
  '/v1/embeddings': [
    [['model'], [1, null, {}, 'none']],
    [['input'], [{}, null, [], '', [[]], [1.5], ['a', 5], [1e9], 'ü', 'x'.repeat(300)]],
    [['encoding_format'], ['int8', 5]],
    [['dimensions'], [0, 1.5, 'x', 1e6]],
  ],
  '/v1/fine_tuning/jobs': [
    [['model'], [1, null, 'none', {}]],
    [['training_file'], [1, null, [], '']],
    [['suffix'], ['', 'x'.repeat(65), 5, {}]],
    [['seed'], ['x', -1, 1.5]],
    [['metadata'], ['x', { a: 1 }, { ['k'.repeat(65)]: 'v' }]],
    [['method'], ['x', 5, [], { type: 'magic' }, { type: 'reinforcement' }]],
    [
      ['method', 'reinforcement', 'grader'],
      [null, 'x', {}, { type: 'string_check' }, { type: 'multi', graders: {} }],
    ],
    [
      ['method', 'reinforcement', 'grader', 'operation'],
      ['is', 1, null],
    ],
    [
      ['method', 'reinforcement', 'hyperparameters', 'n_epochs'],
      [0, 51, 'many', 1.5, {}],
    ],
    [
      ['method', 'reinforcement', 'hyperparameters', 'batch_size'],
      [0, 257, 'x'],
    ],
  ],
  '/v1/fine_tuning/alpha/graders/run': [
    [['grader'], [null, 'x', [], {}, { type: 'x' }]],
    [
      ['grader', 'input'],
      [1, null, {}],
    ],
    [['model_sample'], [5, null, [], { role: 'user' }]],
    [['item'], ['x', 5, []]],
  ],
  '/v1/fine_tuning/alpha/graders/validate': [
    [['grader'], [null, 5, 'x', { type: 'python' }, { ...grader, zap: 1 }]],
  ],
  '/v1/burnish/rewards': [
    [['completion_id'], [1, null, {}]],
    [['reward'], ['x', null, {}, []]],
  ],
};

const PATHS = Object.keys(BODIES);
const json = { 'content-type': 'application/json' };
const STRANGE = [
  '\u0000',
  '\u202e',
  '💥',
  '\ud800',
  'ｆｕｌｌ',
  '../../etc/passwd',
  '%00',
  "'; DROP TABLE records; --",
  '{{item.x}}',
];

/** A copy of a body with one value in another's place. */
function withValue(body: Record<string, unknown>, path: readonly (string | number)[], value: unknown) {
  const copy = structuredClone(body);
  const last = path[path.length - 1];
  let at: Record<string | number, unknown> = copy;
  for (const step of path.slice(0, -1)) at = at[step] as Record<string | number, unknown>;
  at[last] = value;
  return copy;
}

const shown = (path: readonly (string | number)[]) =>
  path.map((part, i) => (typeof part === 'number' ? `[${part}]` : `${i === 0 ? '' : '.'}${part}`)).join('');

const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;

const KINDS: ((r: Rng) => Malformed)[] = [
  // A member with a value that it cannot have.
  (r) => {
    const path = r.choice(PATHS);
    const [at, values] = r.choice(WRONG[path]);
    const body = JSON.stringify(withValue(BODIES[path], at, r.choice(values)));
    return { method: 'POST', path, headers: json, body, param: shown(at) };
  },
  // A member that is not known.
  (r) => {
    const path = r.choice(PATHS);
    const name = `${r.choice(['zap', 'max_token', 'Model', '__proto__x', 'constructor'])}${r.int(1000)}`;
    return {
      method: 'POST',
      path,
      headers: json,
      body: JSON.stringify({ ...BODIES[path], [name]: 1 }),
      param: name,
    };
  },
  // A member that is missing.
  (r) => {
    const path = r.choice(PATHS);
    const required =
      path === '/v1/fine_tuning/jobs'
        ? ['model', 'training_file']
        : Object.keys(BODIES[path]).slice(0, path.endsWith('validate') ? 1 : 2);
    const name = r.choice(required);
    const { [name]: _, ...rest } = BODIES[path];
    return { method: 'POST', path, headers: json, body: JSON.stringify(rest), param: name };
  },
  // No JSON.
  (r) => {
    const path = r.choice(PATHS);
    const whole = JSON.stringify(BODIES[path]);
    const body = r.choice([
      whole.slice(0, 1 + r.int(whole.length - 1)),
      `${whole}}`,
      '',
      'null',
      '[]',
      '"x"',
      '5',
      nested(1 + r.int(3000)),
      '\u0000\u0001',
      `{"a":${'9'.repeat(400)}`,
      `{"messages": ${nested(2000)}}`,
    ]);
    return { method: 'POST', path, headers: json, body };
  },
  // Another type of body.
  (r) => ({
    method: 'POST',
    path: r.choice(PATHS),
    headers: {
      'content-type': r.choice(['text/plain', 'application/xml', 'multipart/form-data', 'image/png', 'x']),
    },
    body: JSON.stringify(BODIES[r.choice(PATHS)]),
  }),
  // Too much.
  (r) => ({
    method: 'POST',
    path: r.choice(PATHS),
    headers: json,
    body: JSON.stringify({ model: 'x'.repeat(300_001 + r.int(1000)) }),
  }),
  // Strange names of things that are not there.
  (r) => {
    const id = encodeURIComponent(r.choice(STRANGE).replace('\ud800', '\ufffd') + r.int(100));
    const path = r.choice([
      `/v1/files/${id}`,
      `/v1/files/${id}/content`,
      `/v1/models/${id}`,
      `/v1/fine_tuning/jobs/${id}`,
      `/v1/fine_tuning/jobs/${id}/events`,
      `/v1/fine_tuning/jobs/${id}/checkpoints`,
      `/v1/chat/completions/${id}`,
      `/v1/${id}`,
    ]);
    return { method: 'GET', path };
  },
  (r) => ({
    method: 'POST',
    path: `/v1/fine_tuning/jobs/ftjob-${r.int(1000)}/${r.choice(['cancel', 'pause', 'resume'])}`,
  }),
  (r) => ({
    method: 'DELETE',
    path: `/v1/${r.choice(['files', 'models', 'chat/completions'])}/none-${r.int(1000)}`,
  }),
  // Queries.
  (r) => ({
    method: 'GET',
    path: `${r.choice(['/v1/files', '/v1/fine_tuning/jobs', '/v1/chat/completions'])}?limit=${r.choice(['0', '-1', 'x', '1e9', '1.5', '%F0%9F%92%A5', '99999999'])}`,
    param: 'limit',
  }),
  (r) => ({ method: 'GET', path: `/v1/files?order=${r.choice(['up', '1', 'ASC'])}`, param: 'order' }),
  // Uploads that are no forms, or have an end missing.
  (r) => {
    const form = `--b\r\ncontent-disposition: form-data; name="purpose"\r\n\r\n${r.choice(['fine-tune', 'fun', ''])}\r\n--b\r\ncontent-disposition: form-data; name="file"; filename="${r.choice(['a.jsonl', 'a.txt', ''])}"\r\n\r\n{"a": 1}\r\n--b--\r\n`;
    return {
      method: 'POST',
      path: '/v1/files',
      headers: {
        'content-type': r.choice([
          'multipart/form-data; boundary=b',
          'multipart/form-data; boundary=c',
          'multipart/form-data',
          'multipart/form-data; boundary=',
        ]),
      },
      body: form.slice(0, r.int(form.length - 30)),
    };
  },
  // Keys that are none.
  (r) => ({
    method: 'GET',
    path: '/v1/models',
    headers: {
      authorization: r.choice([
        '',
        'Bearer',
        'Bearer ',
        'Basic eDp5',
        `Bearer ${'x'.repeat(r.int(4000))}`,
        'bearer sk-burnish-x',
      ]),
    },
  }),
  // Headers.
  (r) => ({
    method: 'POST',
    path: '/v1/fine_tuning/jobs',
    headers: { ...json, 'idempotency-key': 'k'.repeat(256 + r.int(100)) },
    body: JSON.stringify(BODIES['/v1/fine_tuning/jobs']),
  }),
];

/** What a request is answered with that is wrong; undefined where nothing is. */
async function fault({ method, path, body, headers = {}, param }: Malformed): Promise<string | undefined> {
  const authorization = `Bearer ${tiny.client.apiKey}`;
  const response = await fetch(`${tiny.server.url}${path}`, {
    method,
    body,
    headers: { authorization, ...headers },
  });
  const text = await response.text();
  const place = `${method} ${path} ${JSON.stringify(headers)} ${body?.slice(0, 300)} -> ${response.status} ${text.slice(0, 300)}`;
  if (response.status < 400 || response.status >= 500) return place;
  let error: Record<string, unknown>;
  try {
    ({ error } = JSON.parse(text) as { error: Record<string, unknown> });
  } catch {
    return place;
  }
  const isObject =
    typeof error.message === 'string' &&
    error.message !== '' &&
    typeof error.type === 'string' &&
    'param' in error &&
    'code' in error;
  if (!isObject) return place;
  if (param !== undefined && !String(error.param).startsWith(param))
    return `param ${param} expected: ${place}`;
  return undefined;
}

async function state(): Promise<unknown> {
  const { client } = tiny;
  const [files, jobs, models, chats] = await Promise.all([
    client.files.list(),
    client.fineTuning.jobs.list(),
    client.models.list(),
    client.chat.completions.list(),
  ]);
  return [files.data, jobs.data, models.data, chats.data];
}

it(`${REQUESTS} malformed requests are answered as such`, async () => {
  const before = await state();
  const faults: string[] = [];
  const counts = new Array(KINDS.length).fill(0);
  let next = 0;
  const worker = async () => {
    while (next < REQUESTS && faults.length < 20) {
      const r = rng(1, 'fuzz', next++);
      const kind = r.int(KINDS.length);
      counts[kind]++;
      const found = await fault(KINDS[kind](r));
      if (found !== undefined) faults.push(found);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  expect(faults).toEqual([]);
  expect(Math.min(...counts)).toBeGreaterThan(0);
  expect(await state()).toEqual(before);
}, 600_000);

it('connections that break off, and bytes that are no HTTP, harm nothing', async () => {
  const { port } = new URL(tiny.server.url);
  const raw = (text: string) =>
    new Promise<void>((resolve) => {
      const socket = connect(Number(port), '127.0.0.1', () => {
        socket.write(text);
        setTimeout(() => socket.destroy(), 5);
      });
      socket.on('error', () => undefined);
      socket.on('close', () => resolve());
    });
  const auth = `authorization: Bearer ${tiny.client.apiKey}\r\n`;
  for (let i = 0; i < 40; i++) {
    const r = rng(2, 'raw', i);
    await raw(
      r.choice([
        'GET / HTTP/9.9\r\n\r\n',
        '\u0000\u0001\u0002',
        `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\n${auth}content-type: application/json\r\ncontent-length: 500\r\n\r\n{"model": "tiny", "mess`,
        `POST /v1/files HTTP/1.1\r\nhost: x\r\n${auth}content-type: multipart/form-data; boundary=b\r\ncontent-length: 5000\r\n\r\n--b\r\ncontent-disposition: form-data; name="file"; filename="a.jsonl"\r\n\r\n{"a"`,
        `GET /v1/models HTTP/1.1\r\nhost: x\r\n${auth}x: ${'y'.repeat(100_000)}\r\n\r\n`,
        `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\n${auth}transfer-encoding: chunked\r\n\r\nzz\r\n`,
      ]),
    );
  }
  expect((await tiny.client.models.list()).data.length).toBe(1);
  expect((await tiny.client.files.list()).data.length).toBe(0);
});
