/** Graders through the stock client: every type, every flag, and judges that are this server's own models. */
import type OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { errorOf, type TinyServer, tinyServer } from './testing/tiny-server.ts';

let tiny: TinyServer;
let client: OpenAI;
beforeAll(async () => {
  tiny = await tinyServer();
  client = tiny.client;
});
afterAll(() => tiny.close());

const item = { answer: 'four' };
const run = (grader: object, model_sample: unknown = 'four') =>
  client.fineTuning.alpha.graders.run({ grader, model_sample, item } as never);

const check = {
  type: 'string_check',
  name: 'c',
  input: '{{sample.output_text}}',
  reference: '{{item.answer}}',
  operation: 'eq',
};
const similar = {
  type: 'text_similarity',
  name: 't',
  input: '{{sample.output_text}}',
  reference: '{{item.answer}}',
  evaluation_metric: 'fuzzy_match',
};
const javascript = {
  type: 'javascript',
  name: 'j',
  source: 'const grade = (sample, item) => Number(sample.output_text === item.answer) / 2',
};
const judge = {
  type: 'label_model',
  name: 'l',
  model: 'tiny',
  labels: ['good', 'bad'],
  passing_labels: ['good', 'bad'],
  input: [{ role: 'user', content: 'Is {{sample.output_text}} right?' }],
  sampling_params: { seed: 1, max_completions_tokens: 180 },
};

describe('a run', () => {
  it.each<[object, number]>([
    [check, 1],
    [similar, 1],
    [javascript, 0.5],
    [{ type: 'multi', name: 'm', graders: { a: check, b: javascript }, calculate_output: 'a + 2 * b' }, 2],
  ])('%#: reward', async (grader, reward) => {
    const result = await run(grader);
    expect(result.reward).toBe(reward);
    expect(result.metadata.type).toBe((grader as { type: string }).type);
    const { errors } = result.metadata;
    expect(Object.keys(errors).length).toBe(14);
    expect(Object.values(errors).every((value) => value === false || value === null)).toBe(true);
    expect(Object.keys(result.sub_rewards)).toEqual('graders' in grader ? ['a', 'b'] : []);
  });

  it.each<[string, object, string]>([
    ['an unknown variable', { ...check, reference: '{{item.none}}' }, 'invalid_variable_error'],
    [
      'a formula that divides by 0',
      { type: 'multi', name: 'm', graders: { a: check }, calculate_output: 'a / (a - 1)' },
      'formula_parse_error',
    ],
    [
      'code that throws',
      { ...javascript, source: 'const grade = () => { throw new Error("no") }' },
      'python_grader_runtime_error',
    ],
    ['a judge that is not there', { ...judge, model: 'nobody' }, 'model_grader_server_error'],
    [
      'an endpoint that is not there',
      { type: 'endpoint', name: 'e', url: 'http://127.0.0.1:1/' },
      'other_error',
    ],
  ])('with %s scores 0, and says that it failed', async (_, grader, flag) => {
    const result = await run(grader);
    expect(result.reward).toBe(0);
    expect(result.metadata.errors[flag as 'other_error']).toBe(true);
  });

  it('takes an assistant message with tool calls', async () => {
    const call = { id: 'x', type: 'function', function: { name: 'add', arguments: '{"a": 1}' } };
    const grader = { ...check, input: '{{sample.output_tools[0].function.name}}', reference: 'add' };
    expect((await run(grader, { content: null, tool_calls: [call] })).reward).toBe(1);
  });

  it('asks judges that this server holds, by their own schema', async () => {
    const result = await run(judge);
    expect(result.metadata.errors.model_grader_server_error).toBe(false);
    // An untrained judge may be cut before its verdict; what it says is read all the same.
    expect(result.metadata.errors.model_grader_parse_error ? 0 : 1).toBe(result.reward);
    if (result.reward === 1) expect(result.model_grader_token_usage_per_model).toHaveProperty('tiny');
  });
});

it('validation gives the grader in the form that runs, or says what is wrong with it', async () => {
  const given = { type: 'multi', name: 'm', graders: [check], calculate_output: 'c' };
  const { grader } = await client.fineTuning.alpha.graders.validate({ grader: given as never });
  expect(grader).toMatchObject({ type: 'multi', graders: { c: check } });
  const error = await errorOf(
    client.fineTuning.alpha.graders.validate({ grader: { ...given, calculate_output: 'c +' } as never }),
  );
  expect([error.status, error.param]).toEqual([400, 'grader.calculate_output']);
});
