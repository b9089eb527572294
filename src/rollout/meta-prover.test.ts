/** Episode ends, branches and forced answers on a model whose chances are known. */
import { describe, expect, it } from 'vitest';
import { symbolTokenizer } from '../text/index.ts';
import type { Grader, Task } from '../types/index.ts';
import {
  anytimePoints,
  anytimeTraces,
  type BranchOptions,
  episodeEnds,
  estimateSuccess,
  type MetaProverOptions,
  rolloutGroups,
  sampleBranches,
} from './index.ts';
import { scriptedTokenizer, searcher } from './testing/scripted-model.ts';

const tokenizer = scriptedTokenizer();
const P = [0.1, 0.5, 0.9];
const task: Task = { id: 't', prompt: '1:', data: null };
const grader: Grader = {
  name: 'yes',
  grade: ({ completion }) => ({ status: 'graded', score: Number(completion.endsWith('|y')) }),
};
const branching: BranchOptions = {
  engine: searcher(P),
  tokenizer,
  grader,
  sampling: {},
  seed: 3,
  path: ['test'],
};
const proving: MetaProverOptions = {
  ...branching,
  forced: tokenizer.encode('|'),
  samples: 400,
  answerTokens: 2,
  maxTokens: 20,
};
const prompt = tokenizer.encode('1:');
const prefix = (text: string) => ({ task, prompt, completion: tokenizer.encode(text) });

describe('episodeEnds', () => {
  const marks = { after: [';'], answer: '|' };
  it('counts tokens up to each boundary', () => {
    const tokens = [...tokenizer.encode('a;b;|y'), tokenizer.eosId];
    expect(episodeEnds(tokens, tokenizer, marks)).toEqual({ ends: [2, 4], answered: true });
    expect(episodeEnds(tokenizer.encode('a;b'), tokenizer, marks)).toEqual({ ends: [2, 3], answered: false });
    expect(episodeEnds(tokenizer.encode('|y'), tokenizer, marks)).toEqual({ ends: [], answered: true });
  });

  it('gives a token over a boundary to the episode before, one with the mark to the answer', () => {
    const wide = symbolTokenizer(['a', ';b', ';|', 'y']);
    expect(episodeEnds(wide.encode('a;b;|y'), wide, marks)).toEqual({ ends: [2], answered: true });
    expect(episodeEnds(wide.encode('aaa;baa'), wide, marks)).toEqual({ ends: [4, 6], answered: false });
  });
});

describe('estimateSuccess', () => {
  it('comes to the chance of a right answer after each prefix', async () => {
    const { estimates, sampled, ended } = await estimateSuccess(
      [prefix(''), prefix('a;'), prefix('a;b;a;'), prefix('a;')],
      proving,
    );
    // Three standard errors of a share of 400.
    [0.1, 0.5, 0.9].forEach((chance, i) => {
      expect(Math.abs((estimates[i].value ?? Number.NaN) - chance)).toBeLessThan(
        3 * Math.sqrt((chance * (1 - chance)) / 400),
      );
    });
    expect(estimates[3]).toEqual(estimates[1]);
    expect(sampled).toBe(3 * 400 * 2);
    expect(ended).toBe(1);
    expect(estimates[0].tokens).toBe(3);
    expect(estimates[1].right).toEqual([...tokenizer.encode('|y'), tokenizer.eosId]);
  });

  it('draws the same for a prefix whatever else is asked', async () => {
    const options = { ...proving, samples: 8 };
    const [, alone] = (await estimateSuccess([prefix(''), prefix('a;')], options)).estimates;
    expect((await estimateSuccess([prefix('a;')], options)).estimates[0]).toEqual(alone);
  });

  it('is 0 where no answer fits into the budget any more, and unknown where none is graded', async () => {
    const { estimates, sampled } = await estimateSuccess([prefix('a;a;')], { ...proving, maxTokens: 5 });
    expect(estimates).toEqual([{ value: 0, tokens: 1 }]);
    expect(sampled).toBe(0);
    const failing: Grader = { name: 'x', grade: () => ({ status: 'failed', reason: 'x' }) };
    const unknown = await estimateSuccess([prefix('a;')], { ...proving, samples: 2, grader: failing });
    expect(unknown.estimates[0].value).toBeUndefined();
  });

  it('refuses numbers below 1', async () => {
    await expect(estimateSuccess([], { ...proving, samples: 0 })).rejects.toThrow(/samples is 0/);
    await expect(estimateSuccess([], { ...proving, answerTokens: 0 })).rejects.toThrow(/answerTokens is 0/);
  });
});

describe('sampleBranches', () => {
  it('goes on from prefixes, and learns only from what is new', async () => {
    const base = { ...prefix('a;'), n: 3 };
    const { completion: kept } = base;
    const [on, stopped] = await sampleBranches(
      [
        { ...base, prefix: kept, maxTokens: 12, name: ['on'] },
        { ...base, prefix: kept, forced: tokenizer.encode('|'), maxTokens: 2, name: ['stop'] },
      ],
      branching,
    );
    for (const one of [...on, ...stopped]) {
      const text = tokenizer.decode(one.tokens);
      expect(text.startsWith('1:a;')).toBe(true);
      expect(`1:${one.completion}`).toBe(text);
      expect(one.promptLength).toBe(2);
      const start = stopped.includes(one) ? 5 : 4;
      expect(Array.from(one.lossMask)).toEqual(one.tokens.map((_, t) => Number(t >= start)));
      expect(one.logprobs.every((x, t) => (t < start ? x === 0 : x <= 0))).toBe(true);
      expect(one.grade).toEqual({ status: 'graded', score: Number(text.endsWith('|y')) });
    }
    expect(stopped.every((one) => one.tokens.length === 7)).toBe(true);
  });
});

describe('anytimeTraces', () => {
  it('values every boundary, and gives the points of the curve', async () => {
    const [{ trajectories }] = await rolloutGroups({
      ...branching,
      tasks: [task],
      groupSize: 6,
      sampling: { maxTokens: 20 },
    });
    const { traces } = await anytimeTraces(
      trajectories,
      { after: [';'], answer: '|' },
      { ...proving, maxTokens: 40 },
    );
    traces.forEach((trace, i) => {
      const text = tokenizer.decode(trajectories[i].tokens.slice(2));
      const attempts = text.split(';').length - 1;
      expect(trace.boundaries.slice(0, attempts + 1)).toEqual(
        Array.from({ length: attempts + 1 }, (_, j) => 2 * j),
      );
      trace.boundaries.forEach((end, j) => {
        const useful = Math.min(2, text.slice(0, end).split('a').length - 1);
        expect(Math.abs((trace.values[j] ?? Number.NaN) - P[useful])).toBeLessThan(0.08);
      });
      expect(anytimePoints(trace)).toEqual(
        trace.boundaries
          .slice(1)
          .map((end, j) => ({ tokens: end + trace.answerTokens[j + 1], accuracy: trace.values[j + 1] })),
      );
    });
  });
});
