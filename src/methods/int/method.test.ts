/** InT's step on a model whose chances are known: which attempts are corrected, what is learned, and what is rejected. */
import { describe, expect, it } from 'vitest';
import { sequential } from '../../curricula/index.ts';
import type { Engine } from '../../engine/index.ts';
import { scriptedModel, scriptedTokenizer } from '../../rollout/testing/scripted-model.ts';
import type { MethodStep } from '../../training/index.ts';
import { ToyRun, toyRecipe } from '../../training/testing/fixture.ts';
import type { Environment, Task } from '../../types/index.ts';
import { methods } from '../index.ts';
import { int } from './method.ts';

const tokenizer = scriptedTokenizer();
const tasks: Task[] = ['1:', '2:'].map((prompt) => ({
  id: prompt,
  prompt,
  data: { answer: 'y' },
  completion: 'a;a;|y',
}));
const environment: Environment = {
  name: 'steps',
  size: () => tasks.length,
  task: (_, index) => tasks[index],
  grader: {
    name: 'yes',
    grade: ({ completion }) => ({ status: 'graded', score: Number(completion.endsWith('|y')) }),
  },
  symbols: [],
};

/** Solves problem 1 by `a;b;|n`, which is wrong, and problem 2 rightly; asked about an attempt it says `proposal`. */
const model = (proposal: string) =>
  scriptedModel((text): Record<string, number> => {
    const [problem, ...rest] = text.split(':');
    const said = rest.at(-1) ?? '';
    if (rest.length > 1) return said === proposal ? { '<eos>': 1 } : { [proposal[said.length]]: 1 };
    if (/[yn]$/.test(said)) return { '<eos>': 1 };
    if (/[ab]$/.test(said)) return { ';': 1 };
    if (said.endsWith('|')) return said === 'a;a;|' ? { y: 1 } : { n: 1 };
    if (said === '') return { a: 1 };
    if (said.length === 2) return problem === '2' ? { a: 1 } : { b: 1 };
    return { '|': 1 };
  });

const asking = {
  separator: ';',
  proposal: {
    prompt: '{prompt}{solution}|{attempt}:',
    pattern: '^(?<location>[12])(?<content>.*;)$',
    maxTokens: 4,
  },
};

async function stepOf(
  config: object,
  proposal = '2a;',
  more: Partial<Environment> = {},
): Promise<MethodStep> {
  const parsed = int.config.parse({
    promptsPerStep: 2,
    groupSize: 4,
    attempts: 2,
    proposals: 3,
    continuations: 2,
    updateEpochs: 1,
    ...asking,
    ...config,
  });
  const instance = int.create(parsed, {
    engine: model(proposal) as Engine,
    tokenizer,
    environment: { ...environment, ...more },
    curriculum: sequential(tasks.length),
    sampling: { maxTokens: 12, temperature: 1 },
    seed: 4,
    stage: 0,
  });
  const step = { step: 1, stageStep: 1, signal: new AbortController().signal, onTokens() {}, onTime() {} };
  return await instance.step(step);
}

/** Whole text of each example, and the part that is learned. */
const examples = ({ updates }: MethodStep) =>
  updates.flatMap(({ batch }) =>
    batch.sequences.map((tokens, i) => {
      const text = (ids: readonly number[]) => tokenizer.decode(ids, { skipSpecial: false });
      return [text(tokens), text(tokens.filter((_, t) => batch.mask[i][t] > 0))];
    }),
  );

describe('a step of InT', () => {
  it('learns prefix and correction of the hard task, and no end after them', async () => {
    const made = await stepOf({});
    expect(examples(made)).toEqual([
      ['1:a;a;', 'a;a;'],
      ['1:a;a;', 'a;a;'],
    ]);
    expect(made.updates[0].objective.name).toBe('cross-entropy');
    expect(made.metrics).toMatchObject({
      'tasks.hard': 1,
      'attempts.wrong': 2,
      // The three proposals for each of two attempts are one.
      'proposals.placed': 2,
      'continuations.right': 1,
      examples: 2,
      // Six proposals of four tokens, and four continuations `|y<eos>`.
      'tokens.forced': 36,
    });
    expect(made.groups).toHaveLength(2);
  });

  it('leaves the prefix or keeps the suffix where asked to', async () => {
    const [masked] = examples(await stepOf({ prefix: 'mask' }));
    expect(masked).toEqual(['1:a;a;', 'a;']);
    const [whole] = examples(await stepOf({ suffix: true }));
    expect(whole).toEqual(['1:a;a;|y<eos>', 'a;a;|y<eos>']);
  });

  it('keeps only what led to a right answer once, unless not asked to', async () => {
    const wrong = '1b;';
    expect((await stepOf({}, wrong)).updates).toEqual([]);
    expect(examples(await stepOf({ filter: false, attempts: 1 }, wrong))).toEqual([['1:b;', 'b;']]);
    expect((await stepOf({ filter: false, suffix: true }, wrong)).updates).toEqual([]);
  });

  it('rejects what is no correction, and counts why', async () => {
    const rate = async (proposal: string, name: string, config: object = {}) =>
      (await stepOf(config, proposal)).metrics[`proposals.${name}`];
    expect(await rate('ab', 'unparsed')).toBe(1);
    expect(await rate('2b;', 'unchanged')).toBe(1);
    expect(await rate('2y;', 'leaked')).toBe(1);
    expect(await rate('2y;', 'leaked', { leak: false })).toBe(0);
    expect((await stepOf({}, 'ab')).updates).toEqual([]);
  });

  it('passes over tasks without a solution, and takes more of them as hard where asked to', async () => {
    const bare = await stepOf({}, '2a;', { task: (_, i) => ({ ...tasks[i], completion: undefined }) });
    expect(bare.metrics).toMatchObject({ 'tasks.hard': 1, 'tasks.unsolved': 1, examples: 0 });
    expect((await stepOf({ maxRight: 4 })).metrics['tasks.hard']).toBe(2);
  });

  it('refuses a pattern that it cannot read', () => {
    const pattern = (text: string) => int.config.safeParse({ proposal: { pattern: text } }).success;
    expect(pattern('(?<location>.)(?<content>.)')).toBe(true);
    expect(pattern('(?<location>.)')).toBe(false);
    expect(pattern('(?<location>.)(?<content>')).toBe(false);
  });
});

describe('runs of InT', () => {
  it('go on where they were stopped, bit for bit', async () => {
    const stage = {
      method: 'int',
      steps: 4,
      learningRate: 0.1,
      promptsPerStep: 8,
      groupSize: 4,
      continuations: 4,
      separator: '=',
      filter: false,
      leak: false,
      proposal: { prompt: '{attempt}=', pattern: '(?<location>[1-3])(?<content>[0-9=])', maxTokens: 3 },
    };
    const recipe = toyRecipe([stage], { snapshots: { every: 2, keep: 2 } });
    const whole = await ToyRun.open({ methods });
    await whole.train(recipe);
    const broken = await ToyRun.open({ methods });
    const stop = new AbortController();
    const first = await broken.train(recipe, {
      signal: stop.signal,
      onEvent: ({ type, step }) => {
        if (type === 'step.finished' && step === 3) stop.abort();
      },
    });
    expect(first.status).toBe('interrupted');
    await broken.train(recipe, { resume: true });
    expect(broken.engine.table).toEqual(whole.engine.table);
    const metrics = await broken.metrics();
    expect(metrics).toEqual(await whole.metrics());
    expect(Math.max(...metrics.examples.values)).toBeGreaterThan(0);
    await whole.close();
    await broken.close();
  });
});
