/** Sampled tokens against the exact distribution, by chi-square on 100,000 completions of the engine. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Engine, SamplingParams } from '../engine.ts';
import { randomTokens, tinyEngine, VOCABULARY } from '../testing/engines.ts';

const DRAWS = 100_000;
/** Standard normal quantile of 1 - 1e-6: a right sampler fails one check in a million seeds. */
const Z = 4.753424;
/** Tokens expected less often are counted together. */
const LEAST_EXPECTED = 5;

type Filters = Pick<SamplingParams, 'temperature' | 'topK' | 'topP' | 'minP'>;

const PROMPT = randomTokens(9, 'chi-square');
const IDS = Array.from({ length: VOCABULARY }, (_, i) => i);

const normalised = (weights: readonly number[]) => {
  const total = weights.reduce((a, b) => a + b, 0);
  return weights.map((w) => w / total);
};

/** What temperature and filters make of log-probabilities, by definition: one after the other, each renormalised. */
function filtered(logprobs: readonly number[], { temperature = 1, topK, topP, minP }: Filters): number[] {
  let p = normalised(logprobs.map((x) => Math.exp(x / temperature)));
  const keep = (kept: (rank: number, token: number, before: number) => boolean) => {
    const order = IDS.toSorted((a, b) => p[b] - p[a] || a - b);
    const next = p.map(() => 0);
    let before = 0;
    order.forEach((token, rank) => {
      if (kept(rank, token, before)) next[token] = p[token];
      before += p[token];
    });
    p = normalised(next);
  };
  if (topK !== undefined) keep((rank) => rank < topK);
  if (topP !== undefined) keep((_, __, before) => before < topP);
  const most = Math.max(...p);
  if (minP !== undefined) keep((_, token) => p[token] >= minP * most);
  return p;
}

/** Pearson's statistic and the value that it exceeds with probability 1e-6 (Wilson and Hilferty 1931). */
function chiSquare(counts: readonly number[], p: readonly number[]) {
  const cells: { count: number; expected: number }[] = [];
  const rare = { count: 0, expected: 0 };
  p.forEach((probability, token) => {
    const [count, expected] = [counts[token], DRAWS * probability];
    if (expected >= LEAST_EXPECTED) cells.push({ count, expected });
    else {
      rare.count += count;
      rare.expected += expected;
    }
  });
  if (rare.expected > 0) cells.push(rare);
  const d = cells.length - 1;
  return {
    statistic: cells.reduce((sum, { count, expected }) => sum + (count - expected) ** 2 / expected, 0),
    critical: d * (1 - 2 / (9 * d) + Z * Math.sqrt(2 / (9 * d))) ** 3,
  };
}

let engine: Engine;
/** Log-probabilities of the first token after the prompt, and of the second whatever the first was. */
let first: number[];
let second: number[];

/** Log-probabilities of every token after each of these sequences. */
async function nextOf(sequences: readonly (readonly number[])[]): Promise<number[][]> {
  const extended = sequences.map((tokens) => [...tokens, 0]);
  const ids = extended.map((tokens) => Int32Array.from(tokens.flatMap(() => IDS)));
  const { candidates = [] } = await engine.forward(extended, { candidates: { k: VOCABULARY, ids } });
  return candidates.map((row) => [...row.subarray(-VOCABULARY)]);
}

const countsOf = new Map<string, Promise<number[]>>();
/** How often each token came as the first, or as the second, of a completion. */
function draw(filters: Filters, position = 0): Promise<number[]> {
  const key = JSON.stringify([filters, position]);
  const known = countsOf.get(key);
  if (known) return known;
  const counting = engine
    .sample([{ prompt: PROMPT, n: DRAWS, seed: 11 }], { maxTokens: position + 1, stopTokens: [], ...filters })
    .then(([samples]) => {
      const counts = new Array<number>(VOCABULARY).fill(0);
      for (const { tokens } of samples) counts[tokens[position]]++;
      return counts;
    });
  countsOf.set(key, counting);
  return counting;
}

beforeAll(async () => {
  engine = await tinyEngine('qwen2');
  [first] = await nextOf([PROMPT]);
  const following = await nextOf(IDS.map((id) => [...PROMPT, id]));
  second = IDS.map((id) =>
    Math.log(following.reduce((sum, next, i) => sum + Math.exp(first[i] + next[id]), 0)),
  );
});
afterAll(() => engine.dispose());

describe('the engine, against the exact softmax', () => {
  const settings: Filters[] = [
    {},
    { temperature: 0.6 },
    { temperature: 1.7 },
    { topK: 12 },
    { topP: 0.85 },
    { minP: 0.05 },
    { temperature: 0.8, topK: 40, topP: 0.9, minP: 0.02 },
  ];
  it.each(settings)('first tokens: draws follow the softmax at %j', async (filters) => {
    const expected = filtered(first, filters);
    const counts = await draw(filters);
    expect(counts.reduce((a, b) => a + b, 0)).toBe(DRAWS);
    expect(counts.filter((_, token) => expected[token] === 0).every((count) => count === 0)).toBe(true);
    const { statistic, critical } = chiSquare(counts, expected);
    expect(statistic).toBeLessThan(critical);
  });

  it('second tokens: draws follow the softmax summed over first tokens', async () => {
    const { statistic, critical } = chiSquare(await draw({}, 1), second.map(Math.exp));
    expect(statistic).toBeLessThan(critical);
  });

  it.each<[string, Filters, Filters]>([
    ['a temperature off by 3%', {}, { temperature: 1.03 }],
    ['one token more among the top k', { topK: 12 }, { topK: 13 }],
    ['a top-p mass off by 0.02', { topP: 0.85 }, { topP: 0.87 }],
    ['no floor under probabilities', { minP: 0.05 }, {}],
  ])('would notice %s', async (_, drawn, wrong) => {
    const { statistic, critical } = chiSquare(await draw(drawn), filtered(first, wrong));
    expect(statistic).toBeGreaterThan(critical);
  });

  it("would notice second tokens drawn from the first's distribution", async () => {
    const { statistic, critical } = chiSquare(await draw({}, 1), first.map(Math.exp));
    expect(statistic).toBeGreaterThan(critical);
  });
});
