/** Templates and whole graders: rewards, and flags that tell a failure from a 0. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type GivenGrader,
  GraderError,
  type GradingContext,
  graderSchema,
  hasFailed,
  normaliseGrader,
  render,
  runGrader,
  UnknownVariableError,
} from './index.ts';

const scope = {
  item: { answer: 'four', list: [{ deep: 1 }], none: null, yes: true, 'a b': 1 },
  sample: { output_text: 'It is {{ item.answer }}', output_tools: [] },
};
const signal = new AbortController().signal;

async function run(given: unknown, context: GradingContext = {}, input: object = scope) {
  return await runGrader(normaliseGrader(graderSchema.parse(given)), input as never, context, signal);
}

describe('templates', () => {
  it.each([
    ['{{item.answer}}!', 'four!'],
    ['{{ item.list[0].deep }}{{item.none}}{{item.yes}}', '1true'],
    ['{{ item.list }}', '[{"deep":1}]'],
    ['no placeholder', 'no placeholder'],
    ['{{ sample.output_text }}', 'It is {{ item.answer }}'],
  ])('%s', (template, text) => expect(render(template, scope)).toBe(text));

  it.each([
    'item.nope',
    'item.list[1]',
    'item.answer.length',
    'other.x',
    'item.__proto__',
    'sample.constructor',
  ])('{{ %s }} is nothing', (path) =>
    expect(() => render(`{{ ${path} }}`, scope)).toThrow(UnknownVariableError),
  );

  it('leave what is filled in as it is', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(render('<{{item.x}}>', { item: { x: text }, sample: {} })).toBe(`<${text}>`);
      }),
    );
  });
});

describe('string_check', () => {
  it.each([
    ['eq', 'a', 'a', 1],
    ['eq', 'a ', 'a', 0],
    ['ne', 'a', 'b', 1],
    ['neq', 'a', 'a', 0],
    ['like', 'xAbx', 'Ab', 1],
    ['like', 'xabx', 'Ab', 0],
    ['ilike', 'xabx', 'Ab', 1],
  ])('%s of %j and %j', async (operation, input, reference, reward) => {
    const result = await run({ type: 'string_check', name: 'n', input, reference, operation });
    expect([result.reward, hasFailed(result)]).toEqual([reward, false]);
  });

  it('that reads what is not there fails, and does not score 0 as if it had looked', async () => {
    const result = await run({
      type: 'string_check',
      input: '{{item.nope}}',
      reference: '',
      operation: 'eq',
    });
    expect(result.errors.invalid_variable_error).toBe(true);
    expect(result.problems[0]).toContain("there is no 'item.nope'; there are item.answer");
  });
});

describe('multi', () => {
  const one = { type: 'string_check', name: 'first one', input: 'a', reference: 'a', operation: 'eq' };
  const other = { ...one, name: 'other', reference: 'b' };

  it.each<[string, unknown, string, number]>([
    ['by name', { x: one, y: other }, 'x + 2 * y', 1],
    ['in a list', [one, other], 'first_one - other', 1],
    ['alone', one, 'first_one_score / 2', 0.5],
  ])('takes graders %s', async (_, graders, calculate_output, reward) => {
    const result = await run({ type: 'multi', name: 'm', graders, calculate_output });
    expect([result.reward, result.problems]).toEqual([reward, []]);
  });

  it('fails where the formula comes to nothing', async () => {
    const result = await run({ type: 'multi', graders: { x: one, y: other }, calculate_output: 'x / y' });
    expect([result.reward, result.errors.formula_parse_error]).toEqual([0, true]);
  });

  it('fails with its parts', async () => {
    const broken = { ...one, input: '{{item.nope}}' };
    const result = await run({ type: 'multi', graders: { x: one, y: broken }, calculate_output: 'x + y' });
    expect([result.reward, result.errors.invalid_variable_error, result.scores.x]).toEqual([0, true, 1]);
  });

  it.each<[unknown, RegExp]>([
    [{ type: 'multi', graders: { x: one }, calculate_output: 'z' }, /there is no grader 'z'/],
    [{ type: 'multi', graders: { 'a b': one }, calculate_output: '1' }, /cannot stand in a formula/],
    [{ type: 'multi', graders: [one, one], calculate_output: '1' }, /is taken/],
    [
      {
        type: 'label_model',
        model: 'm',
        input: [{ role: 'user', content: 'x' }],
        labels: ['a'],
        passing_labels: ['b'],
      },
      /none of the labels/,
    ],
    [{ ...one, input: '{{ answer }}' }, /begins with neither item nor sample/],
  ])('%j is refused', (given, message) => {
    expect(() => normaliseGrader(graderSchema.parse(given) as GivenGrader)).toThrow(message);
    expect(() => normaliseGrader(graderSchema.parse(given) as GivenGrader)).toThrow(GraderError);
  });
});

describe('judges', () => {
  const usage = { prompt_tokens: 5, completion_tokens: 2, cached_tokens: 0 };
  const judged = (content: string | null): GradingContext => ({
    judge: async ({ model }) => ({ content, refusal: content === null ? 'no' : null, model, usage }),
  });
  const score = {
    type: 'score_model',
    name: 's',
    model: 'j',
    range: [0, 10],
    input: [{ role: 'user', content: 'Rate {{sample.output_text}}' }],
  };
  const label = {
    type: 'label_model',
    name: 'l',
    model: 'j',
    labels: ['good', 'bad'],
    passing_labels: ['good'],
    input: score.input,
  };

  it.each([
    [score, '{"steps":[],"result":7}', 7],
    [score, '{"result":70}', 10],
    [label, '{"result":"good"}', 1],
    [label, '{"result":"bad"}', 0],
  ])('%#: score', async (grader, content, reward) => {
    const result = await run(grader, judged(content));
    expect([result.reward, hasFailed(result), result.usage.j, result.sampledModel]).toEqual([
      reward,
      false,
      usage,
      'j',
    ]);
  });

  it.each([
    [score, 'seven', 'model_grader_parse_error'],
    [score, '{"result":"7"}', 'model_grader_parse_error'],
    [label, '{"result":"fair"}', 'model_grader_parse_error'],
    [score, null, 'model_grader_refusal_error'],
  ])('%#: %j fails', async (grader, content, flag) => {
    const result = await run(grader, judged(content));
    expect([result.reward, result.errors[flag as 'other_error']]).toEqual([0, true]);
  });

  it('are shown the rendered messages, which are not rendered again', async () => {
    const seen: unknown[] = [];
    await run(score, {
      judge: async ({ messages, model }) => {
        seen.push(messages);
        return { content: '{"result":1}', refusal: null, model, usage };
      },
    });
    expect(seen).toEqual([[{ role: 'user', content: 'Rate It is {{ item.answer }}' }]]);
  });

  it('that are not there fail', async () => {
    expect((await run(score)).errors.model_grader_server_error).toBe(true);
  });
});

describe('endpoints', () => {
  const grader = { type: 'endpoint', name: 'e', url: 'http://127.0.0.1/x' };
  it('give a number, or an object with a reward', async () => {
    expect((await run(grader, { post: async () => 0.25 })).reward).toBe(0.25);
    expect((await run(grader, { post: async () => ({ reward: 2 }) })).reward).toBe(2);
  });
  it('fail with anything else', async () => {
    const wrong = await run(grader, { post: async () => 'x' });
    const broken = await run(grader, { post: () => Promise.reject(new Error('down')) });
    expect([wrong, broken].map(({ errors }) => errors.other_error)).toEqual([true, true]);
    expect(broken.problems[0]).toContain('the endpoint failed: down');
  });
});
