/** Jobs through the stock client, on PostgreSQL where there is one: every method to its end, pages of events, pause, resume, cancel, refusals. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freshPostgres } from './testing/fresh-postgres.ts';
import { errorOf, jsonl, settled, type TinyServer, tinyServer } from './testing/tiny-server.ts';

let tiny: TinyServer;
let client: OpenAI;
beforeAll(async () => {
  tiny = await tinyServer({ jobs: 2, database: await freshPostgres() });
  client = tiny.client;
});
afterAll(() => tiny.close());

type Create = OpenAI.FineTuning.JobCreateParams;

const user = (content: string) => ({ role: 'user', content });
const assistant = (content: string) => ({ role: 'assistant', content });
const LETTERS = [...'abcdefghijkl'];

async function upload(lines: readonly unknown[]): Promise<string> {
  return (await client.files.create({ file: jsonl('data.jsonl', lines), purpose: 'fine-tune' })).id;
}

async function events(id: string): Promise<OpenAI.FineTuning.FineTuningJobEvent[]> {
  const found = [];
  for await (const event of client.fineTuning.jobs.listEvents(id, { limit: 4 })) found.push(event);
  return found.reverse();
}

/** Rewards small letters: easy to learn, and sometimes right from the start. */
const grader = {
  type: 'multi',
  name: 'both',
  graders: {
    small: {
      type: 'javascript',
      name: 'small',
      source: 'const grade = ({ output_text: text }) => [...text].filter((c) => /[a-z]/.test(c)).length / 4',
    },
    wanted: {
      type: 'string_check',
      name: 'wanted',
      input: '{{ sample.output_text }}',
      reference: '{{ item.want }}',
      operation: 'like',
    },
  },
  calculate_output: '0.8 * small + 0.2 * wanted',
} as const;

const weights = (name: string) =>
  readFileSync(join(tiny.folder, 'data', 'jobs', name, 'model', 'model.safetensors'));

async function reinforcement(more: Partial<Create> = {}, burnish: object = {}): Promise<Create> {
  const training_file = await upload(LETTERS.map((letter) => ({ messages: [user(letter)], want: 'aa' })));
  return {
    model: 'tiny',
    training_file,
    seed: 5,
    method: {
      type: 'reinforcement',
      reinforcement: {
        grader: grader as never,
        hyperparameters: { n_epochs: 2, batch_size: 4, eval_interval: 2 },
        burnish: { max_completion_tokens: 4, stage: { learningRate: 0.003 }, ...burnish },
      } as never,
    },
    ...more,
  };
}

describe('a job', () => {
  it('of reinforcement tells of steps and validations, keeps its best checkpoints, and gives a model that answers', async () => {
    const validation_file = await upload(
      ['m', 'n', 'o'].map((letter) => ({ messages: [user(letter)], want: 'aa' })),
    );
    const job = await client.fineTuning.jobs.create(
      await reinforcement({ validation_file, suffix: 'mine', metadata: { team: 'red' } }, { max_steps: 10 }),
    );
    expect(job).toMatchObject({
      object: 'fine_tuning.job',
      status: 'validating_files',
      fine_tuned_model: null,
      seed: 5,
    });
    const done = await settled(client, job.id);
    expect(done.error).toBeNull();
    expect(done.status).toBe('succeeded');
    expect(done.fine_tuned_model).toMatch(/^ft:tiny:burnish:mine:/);
    expect(done.trained_tokens).toBeGreaterThan(0);
    const told = await events(job.id);
    const steps = told.flatMap(({ data }) => {
      const { train_mean_reward: reward } = data as { train_mean_reward?: number };
      return reward === undefined ? [] : [reward];
    });
    expect(steps.length).toBe(10);
    const mean = (some: readonly number[]) => some.reduce((sum, x) => sum + x, 0) / some.length;
    expect(mean(steps.slice(-3))).toBeGreaterThan(mean(steps.slice(0, 3)));
    expect(told.some(({ data }) => 'full_valid_mean_reward' in (data as object))).toBe(true);
    expect(told[0].message).toContain('Created');
    expect(told[told.length - 1].message).toContain('successfully completed');
    const checkpoints = (await client.fineTuning.jobs.checkpoints.list(job.id)).data;
    expect(checkpoints.length).toBe(3);
    for (const model of [done.fine_tuned_model as string, checkpoints[0].fine_tuned_model_checkpoint])
      await client.chat.completions.create({
        model,
        messages: [{ role: 'user', content: 'z' }],
        max_tokens: 3,
      });
    const [results] = done.result_files;
    const table = await (await client.files.content(results)).text();
    expect(table.split('\n')[0]).toBe(
      'step,train_mean_reward,kl,entropy,completion_tokens_mean,valid_mean_reward',
    );
    expect(table.trim().split('\n').length).toBe(12);
    const listed = (await client.models.list()).data.map(({ id }) => id);
    expect(listed).toEqual(expect.arrayContaining(['tiny', done.fine_tuned_model]));
    const mine = (await client.fineTuning.jobs.list({ metadata: { team: 'red' } })).data;
    expect(mine.map(({ id }) => id)).toEqual([job.id]);
    await client.models.delete(done.fine_tuned_model as string);
    const gone = await errorOf(
      client.chat.completions.create({
        model: done.fine_tuned_model as string,
        messages: [{ role: 'user', content: 'z' }],
      }),
    );
    expect([gone.status, gone.code]).toEqual([404, 'model_not_found']);
    expect((await errorOf(client.models.delete('tiny'))).status).toBe(403);
  }, 60_000);

  it('whose response format is JSON samples nothing else', async () => {
    const schema = {
      type: 'object',
      properties: { kind: { enum: ['aa', 'bb'] } },
      required: ['kind'],
      additionalProperties: false,
    };
    const response_format = { type: 'json_schema', json_schema: { name: 'kind', strict: true, schema } };
    const isKind = {
      type: 'javascript',
      name: 'kind',
      source: 'const grade = ({ output_json: { kind } }) => Number(kind === "aa") + Number(kind === "bb")',
    };
    const request = await reinforcement({}, { max_steps: 2, max_completion_tokens: 60 });
    const method = request.method as { reinforcement: object };
    const of = (format: unknown): Create => ({
      ...request,
      method: {
        ...method,
        reinforcement: { ...method.reinforcement, grader: isKind, response_format: format },
      } as never,
    });
    const job = await client.fineTuning.jobs.create({
      ...of(response_format),
      validation_file: request.training_file,
    });
    expect(await settled(client, job.id)).toMatchObject({ status: 'succeeded', error: null });
    const told = (await events(job.id)).map(({ data }) => data as Record<string, unknown>);
    // A fresh model writes noise: that every output is graded, and right, is the schema's doing.
    const rewards = told.flatMap((data) => ('train_mean_reward' in data ? [data] : []));
    expect(rewards.length).toBe(2);
    for (const data of rewards)
      expect(data).toMatchObject({ train_mean_reward: 1, mean_unresponsive_rewards: 0 });
    const valid = told.flatMap((data) => ('full_valid_mean_reward' in data ? [data] : []));
    expect(valid.length).toBeGreaterThan(0);
    for (const data of valid)
      expect(data).toMatchObject({ full_valid_mean_reward: 1, full_valid_mean_parse_error: 0 });

    const impossible = { ...response_format.json_schema, schema: { type: 'date' } };
    const error = await errorOf(
      client.fineTuning.jobs.create(of({ ...response_format, json_schema: impossible })),
    );
    expect([error.status, error.param, error.code]).toEqual([
      400,
      'method.reinforcement.response_format.json_schema.schema',
      'invalid_json_schema',
    ]);
  }, 60_000);

  it('of supervised learning tells how many tokens were foretold', async () => {
    const file = await upload(
      LETTERS.map((letter) => ({ messages: [user(letter), assistant('always this')] })),
    );
    const job = await client.fineTuning.jobs.create({
      model: 'tiny',
      training_file: file,
      validation_file: file,
      seed: 5,
      method: {
        type: 'supervised',
        supervised: {
          hyperparameters: { n_epochs: 12, batch_size: 4 },
          burnish: { stage: { learningRate: 0.01 } },
        } as never,
      },
    });
    expect(await settled(client, job.id)).toMatchObject({ status: 'succeeded', error: null });
    const told = (await events(job.id)).map(({ data }) => data as Record<string, number>);
    const accuracies = told.flatMap((data) => ('train_loss' in data ? [data.train_mean_token_accuracy] : []));
    expect(accuracies.length).toBe(36);
    expect(accuracies[0]).toBeLessThan(0.3);
    expect(accuracies[35]).toBeGreaterThan(0.6);
    const valid = told.flatMap((data) => ('full_valid_loss' in data ? [data] : []));
    const [first, last] = [valid[0], valid[valid.length - 1]];
    expect(last.full_valid_mean_token_accuracy).toBeGreaterThan(0.6);
    expect(last.full_valid_loss).toBeLessThan(0.5 * first.full_valid_loss);
    const [checkpoint] = (await client.fineTuning.jobs.checkpoints.list(job.id)).data;
    expect(checkpoint.metrics).toMatchObject({
      train_mean_token_accuracy: expect.any(Number),
      valid_mean_token_accuracy: last.full_valid_mean_token_accuracy,
      full_valid_loss: last.full_valid_loss,
    });
    const { result_files } = await client.fineTuning.jobs.retrieve(job.id);
    const csv = await (await client.files.content(result_files[0])).text();
    expect(csv.split('\n')[0]).toBe('step,train_loss,train_mean_token_accuracy,valid_mean_reward');
  }, 60_000);

  it('of supervised learning, and one of preferences that goes on from its model', async () => {
    const chats = LETTERS.map((letter) => ({ messages: [user(letter), assistant(letter.toUpperCase())] }));
    const first = await client.fineTuning.jobs.create({
      model: 'tiny',
      training_file: await upload(chats),
      method: { type: 'supervised', supervised: { hyperparameters: { n_epochs: 3, batch_size: 4 } } },
    });
    const learned = await settled(client, first.id);
    expect([learned.status, learned.error]).toEqual(['succeeded', null]);
    expect(learned.hyperparameters).toMatchObject({
      n_epochs: 3,
      batch_size: 4,
      learning_rate_multiplier: 1,
    });
    const pairs = LETTERS.map((letter) => ({
      input: { messages: [user(letter)] },
      preferred_output: [assistant('yes')],
      non_preferred_output: [assistant('no')],
    }));
    const second = await client.fineTuning.jobs.create({
      model: learned.fine_tuned_model as string,
      training_file: await upload(pairs),
      method: { type: 'dpo', dpo: { hyperparameters: { n_epochs: 1, batch_size: 4, beta: 0.2 } } },
    });
    const preferred = await settled(client, second.id);
    expect([preferred.status, preferred.error]).toEqual(['succeeded', null]);
    const losses = (await events(second.id)).flatMap(({ data }) =>
      'train_loss' in (data as object) ? [data] : [],
    );
    expect(losses.length).toBe(3);
  }, 60_000);

  it('has models that are shared with projects, as far as keeping a list of them goes', async () => {
    const job = await client.fineTuning.jobs.create({
      model: 'tiny',
      training_file: await upload(LETTERS.map((x) => ({ messages: [user(x), assistant(x)] }))),
      method: { type: 'supervised', supervised: { hyperparameters: { n_epochs: 1 } } },
    });
    const { fine_tuned_model } = await settled(client, job.id);
    const model = fine_tuned_model as string;
    const { permissions } = client.fineTuning.checkpoints;
    const projects = async (options = {}) => {
      const found: string[] = [];
      for await (const { project_id } of permissions.list(model, { limit: 1, ...options }))
        found.push(project_id);
      return found;
    };
    expect(await projects()).toEqual([]);
    const made = await permissions.create(model, { project_ids: ['p1', 'p2', 'p1'] });
    expect(made.data).toMatchObject([
      { object: 'checkpoint.permission', project_id: 'p1' },
      { object: 'checkpoint.permission', project_id: 'p2' },
    ]);
    // Shared already: it stays the one permission.
    const [again] = (await permissions.create(model, { project_ids: ['p2', 'p3'] })).data;
    expect(again).toEqual(made.data[1]);
    expect(await projects()).toEqual(['p3', 'p2', 'p1']);
    expect(await projects({ order: 'ascending' })).toEqual(['p1', 'p2', 'p3']);
    expect(await projects({ project_id: 'p2' })).toEqual(['p2']);
    expect(await permissions.retrieve(model, { limit: 2 })).toMatchObject({
      has_more: true,
      last_id: again.id,
    });
    expect(await permissions.delete(again.id, { fine_tuned_model_checkpoint: model })).toEqual({
      id: again.id,
      object: 'checkpoint.permission',
      deleted: true,
    });
    expect(await projects()).toEqual(['p3', 'p1']);
    const gone = await errorOf(permissions.delete(again.id, { fine_tuned_model_checkpoint: model }));
    expect([gone.status, gone.param]).toEqual([404, 'permission_id']);
    const base = await errorOf(permissions.create('tiny', { project_ids: ['p1'] }));
    expect([base.status, base.param]).toEqual([404, 'fine_tuned_model_checkpoint']);
    const none = await errorOf(permissions.create(model, { project_ids: [] }));
    expect([none.status, none.param]).toEqual([400, 'project_ids']);
    const other = await tiny.clientWith(['read', 'train', 'infer']);
    expect((await errorOf(other.fineTuning.checkpoints.permissions.retrieve(model))).status).toBe(403);
  }, 60_000);

  it('that is paused and resumed ends with the weights of one that was not', async () => {
    const request = await reinforcement({}, { max_steps: 12 });
    const paused = await client.fineTuning.jobs.create(request);
    for (;;) {
      const told = await events(paused.id);
      if (told.some(({ message }) => message.startsWith('Step 3/'))) break;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect((await client.fineTuning.jobs.pause(paused.id)).status).toBe('paused');
    expect((await client.fineTuning.jobs.pause(paused.id)).status).toBe('paused');
    await new Promise((resolve) => setTimeout(resolve, 1500));
    const before = (await events(paused.id)).length;
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect((await events(paused.id)).length).toBe(before);
    expect((await client.fineTuning.jobs.resume(paused.id)).status).toBe('queued');
    const straight = await client.fineTuning.jobs.create(request);
    expect((await settled(client, paused.id)).status).toBe('succeeded');
    expect((await settled(client, straight.id)).status).toBe('succeeded');
    expect(weights(paused.id).equals(weights(straight.id))).toBe(true);
    const steps = async (id: string) =>
      (await events(id)).filter(({ message }) => message.startsWith('Step')).map(({ message }) => message);
    expect(await steps(paused.id)).toEqual(await steps(straight.id));
  }, 90_000);

  it('can be cancelled from every state', async () => {
    const request = await reinforcement({}, { max_steps: 500 });
    const early = await client.fineTuning.jobs.create(request);
    expect((await client.fineTuning.jobs.cancel(early.id)).status).toBe('cancelled');
    expect((await client.fineTuning.jobs.cancel(early.id)).status).toBe('cancelled');
    const running = await client.fineTuning.jobs.create(request);
    await settled(client, running.id, ['running']);
    const cancelled = await client.fineTuning.jobs.cancel(running.id);
    expect(cancelled.status).toBe('cancelled');
    expect(cancelled.finished_at).not.toBeNull();
    const error = await errorOf(client.fineTuning.jobs.pause(running.id));
    expect([error.status, error.code]).toEqual([400, 'invalid_job_state']);
    const paused = await client.fineTuning.jobs.create(request);
    await client.fineTuning.jobs.pause(paused.id);
    expect((await client.fineTuning.jobs.cancel(paused.id)).status).toBe('cancelled');
  }, 60_000);

  it('with bad lines fails, and says which', async () => {
    const training_file = await upload([
      { messages: [user('a')], want: 'a' },
      { messages: [assistant('a')], want: 'a' },
      { want: 1 },
    ]);
    const job = await client.fineTuning.jobs.create(await reinforcement({ training_file }));
    const failed = await settled(client, job.id);
    expect(failed.status).toBe('failed');
    expect(failed.error?.param).toBe('training_file');
    expect(failed.error?.message).toContain('line 2: messages: the last one is of role assistant');
    expect(failed.error?.message).toContain('line 3: messages');
  });

  it('whose grader reads what lines do not have fails, and says what there is', async () => {
    const training_file = await upload([{ messages: [user('a')], wont: 'a' }]);
    const failed = await settled(
      client,
      (await client.fineTuning.jobs.create(await reinforcement({ training_file }))).id,
    );
    expect(failed.error?.message).toMatch(
      /line 1: the grader reads what it does not have: there is no 'item.want'; there are item.messages, item.wont/,
    );
  });
});

describe('a request for a job is refused', () => {
  it.each<[string, (good: Create) => unknown, number, string]>([
    ['an unknown model', (good) => ({ ...good, model: 'none' }), 404, 'model'],
    ['an unknown file', (good) => ({ ...good, training_file: 'file-none' }), 404, 'training_file'],
    ['an unknown member', (good) => ({ ...good, zap: 1 }), 400, 'zap'],
    ['a long suffix', (good) => ({ ...good, suffix: 'x'.repeat(65) }), 400, 'suffix'],
    [
      'too many epochs',
      (good) => with_(good, { hyperparameters: { n_epochs: 51 } }),
      400,
      'method.reinforcement.hyperparameters.n_epochs',
    ],
    [
      'an unknown hyperparameter',
      (good) => with_(good, { hyperparameters: { epochs: 1 } }),
      400,
      'method.reinforcement.hyperparameters.epochs',
    ],
    ['no grader', (good) => with_(good, { grader: undefined }), 400, 'method.reinforcement.grader'],
    [
      'an unknown grader',
      (good) => with_(good, { grader: { type: 'magic' } }),
      400,
      'method.reinforcement.grader.type',
    ],
    [
      'a formula that does not parse',
      (good) => with_(good, { grader: { ...grader, calculate_output: '(small' } }),
      400,
      'method.reinforcement.grader.calculate_output',
    ],
    [
      'a formula of unknown names',
      (good) => with_(good, { grader: { ...grader, calculate_output: 'smell' } }),
      400,
      'method.reinforcement.grader.calculate_output',
    ],
    [
      'an unknown method of Burnish',
      (good) => with_(good, { burnish: { method: 'magic' } }),
      400,
      'method.reinforcement.burnish.method',
    ],
    [
      'an unknown key of its stage',
      (good) => with_(good, { burnish: { stage: { groupsize: 2 } } }),
      400,
      'method.reinforcement.burnish.stage.groupsize',
    ],
  ])('%s', async (_, change, status, param) => {
    const error = await errorOf(client.fineTuning.jobs.create(change(await reinforcement()) as Create));
    expect([error.status, error.param]).toEqual([status, param]);
  });
});

function with_(good: Create, more: object): unknown {
  const { reinforcement: own } = good.method as { reinforcement: object };
  return { ...good, method: { type: 'reinforcement', reinforcement: { ...own, ...more } } };
}

it('a request with an Idempotency-Key makes one job however often it is sent', async () => {
  const request = await reinforcement({}, { max_steps: 1 });
  const headers = { 'Idempotency-Key': 'once' };
  const jobs = await Promise.all([1, 2, 3].map(() => client.fineTuning.jobs.create(request, { headers })));
  expect(new Set(jobs.map(({ id }) => id)).size).toBe(1);
  const error = await errorOf(client.fineTuning.jobs.create({ ...request, seed: 6 }, { headers }));
  expect([error.status, error.param]).toEqual([400, 'Idempotency-Key']);
  await settled(client, jobs[0].id);
});
