/** MRT on a model whose chances are known: what the progress bonus adds, where, and that nothing else changes. */
import { describe, expect, it } from 'vitest';
import { sequential } from '../../curricula/index.ts';
import type { Engine } from '../../engine/index.ts';
import { scriptedModel, scriptedTokenizer, searcher } from '../../rollout/testing/scripted-model.ts';
import type { MethodStep } from '../../training/index.ts';
import { ToyRun, toyRecipe } from '../../training/testing/fixture.ts';
import type { Environment, Task } from '../../types/index.ts';
import { methods } from '../index.ts';

const tokenizer = scriptedTokenizer();
const tasks: Task[] = ['1:', '2:'].map((prompt) => ({ id: prompt, prompt, data: null }));
const environment: Environment = {
  name: 'search',
  size: () => tasks.length,
  task: (_, index) => tasks[index],
  grader: {
    name: 'yes',
    grade: ({ completion }) => ({ status: 'graded', score: Number(completion.endsWith('|y')) }),
  },
  symbols: [],
};
/** Right after one useful attempt, never before. */
const sure = [0, 1];

async function stepOf(name: string, config: object, engine = searcher(sure)): Promise<MethodStep> {
  const method = methods[name];
  const marks = name === 'grpo' ? {} : { episodes: { after: [';'] }, answer: '|', forced: { maxTokens: 2 } };
  const parsed = method.config.parse({
    ...method.defaults,
    promptsPerStep: 2,
    groupSize: 8,
    ...marks,
    ...config,
  });
  const instance = method.create(parsed, {
    engine: engine as Engine,
    tokenizer,
    environment,
    curriculum: sequential(tasks.length),
    sampling: { maxTokens: 24, temperature: 1 },
    seed: 4,
    stage: 0,
  });
  return await instance.step({
    step: 1,
    stageStep: 1,
    signal: new AbortController().signal,
    onTokens() {},
    onTime() {},
  });
}

/** Text and advantage of every masked token of a step's only update. */
function credits({ updates }: MethodStep) {
  const [{ batch }] = updates;
  return batch.sequences.map((tokens, i) => ({
    text: tokenizer.decode(tokens),
    masked: tokens.flatMap((id, t) =>
      batch.mask[i][t] > 0
        ? [{ symbol: tokenizer.decode([id]), advantage: batch.data.advantages[i][t] }]
        : [],
    ),
  }));
}

describe('the bonus on episodes', () => {
  it('adds to each episode what it brought, against the episodes of its group', async () => {
    const plain = new Map(
      credits(
        await stepOf('mrt', { alpha: 0, normalise: 'none', kl: { coefficient: 0 }, entropyBonus: 0.1 }),
      ).map(({ text, masked }) => [text, masked]),
    );
    const made = await stepOf('mrt', { normalise: 'none', normaliseProgress: 'none', entropyBonus: 0.1 });
    const useful: number[] = [];
    const useless: number[] = [];
    for (const { text, masked } of credits(made)) {
      const thinking = text.slice(2).split('|')[0];
      const first = thinking.indexOf('a;');
      masked.forEach(({ symbol, advantage }, t) => {
        const bonus = advantage - (plain.get(text)?.[t].advantage ?? Number.NaN);
        if (t >= thinking.length) expect(bonus).toBe(0);
        else if (symbol === 'a' && t === first) useful.push(bonus);
        else useless.push(bonus);
      });
    }
    // The episode that makes the answer certain has progress 1, all others 0: each less the mean over its group.
    expect(useful.length).toBeGreaterThan(4);
    expect(Math.min(...useful)).toBeGreaterThan(0.5);
    expect(useless.every((bonus) => bonus < 0 || bonus > 0.5)).toBe(true);
    expect(made.metrics['progress.mean']).toBeGreaterThan(0.1);
    expect(made.metrics['forced.start']).toBe(0);
    expect(made.metrics['tokens.forced']).toBeGreaterThan(0);
  });

  it('leaves idle episodes alone when progress is not compared with that of others', async () => {
    const own = { centreProgress: false, normalise: 'none', normaliseProgress: 'none', entropyBonus: 0.1 };
    const bonus = credits(await stepOf('mrt', own));
    const plain = credits(await stepOf('mrt', { ...own, alpha: 0 }));
    let idle = 0;
    bonus.forEach(({ text, masked }, i) => {
      const thinking = text.slice(2).split('|')[0];
      // A completion cut at the limit has no room to answer: its last episode lost everything.
      if (!text.includes('|')) return;
      const first = thinking.indexOf('a;');
      masked.forEach(({ advantage }, t) => {
        const useful = first >= 0 && (t === first || t === first + 1);
        expect(advantage - plain[i].masked[t].advantage).toBeCloseTo(useful ? 1 : 0, 6);
        if (!useful && t < thinking.length) idle++;
      });
    });
    expect(idle).toBeGreaterThan(4);
  });

  it('is GRPO, update for update, without its weight', async () => {
    const without = await stepOf('mrt', { alpha: 0 });
    const grpo = await stepOf('grpo', {});
    expect(without.updates.map(({ batch }) => batch)).toEqual(grpo.updates.map(({ batch }) => batch));
    expect(without.advantages).toEqual(grpo.advantages);
    const bonus = await stepOf('mrt', {});
    expect(bonus.updates[0].batch.data.advantages).not.toEqual(grpo.updates[0].batch.data.advantages);
  });

  it('teaches where the outcome does not: all end right, some after an idle episode', async () => {
    // Two attempts, then a right answer; stopped after one, the answer is right if that attempt was `a`.
    const engine = scriptedModel((text): Record<string, number> => {
      const [thinking, answer] = text.slice(text.indexOf(':') + 1).split('|');
      if (answer === '') {
        const right = thinking.startsWith('a') || thinking.length === 4;
        return right ? { y: 1 } : { n: 1 };
      }
      if (answer !== undefined) return { '<eos>': 1 };
      if (thinking.length % 2 === 1) return { ';': 1 };
      return thinking.length === 4 ? { '|': 1 } : { a: 0.5, b: 0.5 };
    });
    expect((await stepOf('grpo', {}, engine)).updates).toEqual([]);
    const made = await stepOf('mrt', {}, engine);
    const rows = credits(made);
    expect(rows).toHaveLength(16);
    for (const { text, masked } of rows) {
      const sign = text[2] === 'a' ? 1 : -1;
      expect(masked.map(({ advantage }) => Math.sign(advantage))).toEqual(
        [sign, sign, -sign, -sign, 0, 0, 0].slice(0, masked.length),
      );
    }
    expect(made.metrics).toMatchObject({ 'progress.mean': 0.5, 'progress.std': 0.5, 'forced.end': 1 });
  });
});

describe('the bonus on branches', () => {
  it('adds thinking on against stopping, on the new tokens only', async () => {
    const config = { bonus: 'branches', normalise: 'none', entropyBonus: 0.1, groupSize: 4 };
    const unsure = searcher([0.2, 0.5, 0.8]);
    const made = await stepOf('mrt', config, unsure);
    const plain = await stepOf('mrt', { ...config, alpha: 0 }, unsure);
    // Two tasks: four full rollouts each, and four of each kind from one prefix.
    expect(made.groups?.map(({ trajectories }) => trajectories.length)).toEqual([4, 4]);
    expect(made.advantages).toHaveLength(2);
    const [rows, before] = [credits(made), credits(plain)];
    expect(rows).toHaveLength(24);
    const right = (text: string) => Number(text.endsWith('|y'));
    for (const pair of [0, 1]) {
      const on = rows.slice(8 + 8 * pair, 12 + 8 * pair);
      const stopped = rows.slice(12 + 8 * pair, 16 + 8 * pair);
      const scores = [...on, ...stopped].map(({ text }) => right(text));
      const mean = (xs: number[]) => xs.reduce((a, b) => a + b, 0) / xs.length;
      const centre = mean(scores);
      const deviation = Math.sqrt(scores.reduce((sum, s) => sum + (s - centre) ** 2, 0) / 7);
      const baseline = mean(stopped.map(({ text }) => right(text)));
      on.forEach(({ text, masked }, i) => {
        const expected = deviation === 0 ? 0 : (right(text) - baseline) / (deviation + 1e-4);
        const old = before[8 + 8 * pair + i];
        expect(old.text).toBe(text);
        masked.forEach(({ advantage }, t) => {
          expect(advantage - old.masked[t].advantage).toBeCloseTo(expected, 5);
        });
      });
      stopped.forEach((row, i) => {
        expect(row).toEqual(before[12 + 8 * pair + i]);
        expect(row.masked.map(({ symbol }) => symbol).join('')).toMatch(/^[yn]$/);
      });
      // The prefix, and what was forced, are not learned from.
      expect(on.every(({ text, masked }) => masked.length < text.length - 2 + 1)).toBe(true);
    }
    expect(made.metrics['tokens.forced']).toBeGreaterThan(0);
  });
});

describe('mrt-star', () => {
  it('imitates of each task the shortest rollout with the most progress, cut where that is best', async () => {
    const { updates, metrics } = await stepOf('mrt-star', { updateEpochs: 1, batchSize: 8 });
    const texts = updates[0].batch.sequences.map((tokens) => tokenizer.decode(tokens)).sort();
    expect(texts).toEqual(['1:a;|y', '2:a;|y']);
    expect(metrics.examples).toBe(2);
    for (const [i, tokens] of updates[0].batch.sequences.entries()) {
      expect(Array.from(updates[0].batch.mask[i])).toEqual(tokens.map((_, t) => Number(t >= 2)));
      expect(tokens[tokens.length - 1]).toBe(tokenizer.eosId);
    }
  });

  it('imitates everything that ends right with the outcome alone, twice over', async () => {
    const { updates, groups, metrics } = await stepOf('star', { batchSize: 64 });
    const right = groups?.flatMap(({ trajectories }) =>
      trajectories.filter(({ grade }) => grade.status === 'graded' && grade.score === 1),
    );
    expect(right?.length).toBeGreaterThan(2);
    expect(updates).toHaveLength(2);
    for (const { batch } of updates)
      expect([...batch.sequences].map(String).sort()).toEqual(
        right?.map(({ tokens }) => String(tokens)).sort(),
      );
    expect(metrics).not.toHaveProperty('tokens.forced');
  });
});

describe('runs of MRT', () => {
  it.each([
    ['mrt', {}],
    ['mrt', { bonus: 'branches' }],
    ['mrt-star', {}],
  ])('%s %j goes on where it was stopped, bit for bit', async (method, own) => {
    const stage = {
      method,
      steps: 6,
      learningRate: 0.2,
      promptsPerStep: 4,
      groupSize: 4,
      answer: '=',
      ...own,
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
    expect(await broken.metrics()).toEqual(await whole.metrics());
    await whole.close();
    await broken.close();
  });

  it('names the mark that the tokenizer cannot write', async () => {
    await expect(stepOf('mrt', { answer: '#' })).rejects.toThrow(/mrt: answer is "#"/);
    await expect(stepOf('mrt', { forced: { text: '!' } })).rejects.toThrow(/mrt: forced.text is "!"/);
  });
});
