/** Sampling an emulated model: its law, with and without drafts, and what it shares with every engine. */
import { describe, expect, it } from 'vitest';
import { symbolTokenizer } from '../../text/index.ts';
import { TabularEngine } from '../../training/testing/tabular-engine.ts';
import type { FrozenEngine } from '../engine.ts';
import { randomTokens, TOKENIZER, tinyEngine } from '../testing/engines.ts';
import { atTemperature, emulatedLogprobs } from './combine.ts';
import { type EmulatedEngine, emulatedEngine } from './emulated-engine.ts';

const tokenizer = symbolTokenizer([...'ab']);
/** A table of random logits, sharpened so that the models disagree. */
function table(seed: number) {
  const engine = new TabularEngine({ tokenizer, seed, rows: 64 });
  engine.table.forEach((x, i) => {
    engine.table[i] = 4 * x;
  });
  return engine;
}
const [base, tuned, reference] = [1, 2, 3].map(table);
const deltas = [{ tuned, reference }];
const prompt = tokenizer.encode('a');

async function nextOf(engine: FrozenEngine, tokens: readonly number[]) {
  const ids = Int32Array.from({ length: (tokens.length + 1) * 4 }, (_, i) => i % 4);
  const { candidates = [] } = await engine.forward([[...tokens, 0]], { candidates: { k: 4, ids: [ids] } });
  return candidates[0].subarray(tokens.length * 4);
}

/** Probability of every completion of up to `length` tokens, by its tokens. */
async function enumerated(length: number, temperature: number): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  const walk = async (tokens: number[], probability: number): Promise<void> => {
    if (tokens.length === length || tokens.at(-1) === tokenizer.eosId) {
      found.set(tokens.join(' '), probability);
      return;
    }
    const [b, t, r] = await Promise.all(
      [base, tuned, reference].map((engine) => nextOf(engine, [...prompt, ...tokens])),
    );
    const p = atTemperature(emulatedLogprobs(b, [{ tuned: t, reference: r, weight: 1 }]), temperature);
    for (let v = 0; v < 4; v++) await walk([...tokens, v], probability * p[v]);
  };
  await walk([], 1);
  return found;
}

/** Pearson's statistic of sampled completions against their exact probabilities, and its degrees of freedom. */
async function chiSquare(engine: EmulatedEngine, n: number, temperature: number) {
  const [samples] = await engine.sample([{ prompt, n, seed: 5 }], { maxTokens: 3, temperature });
  const seen = new Map<string, number>();
  for (const { tokens } of samples) seen.set(tokens.join(' '), (seen.get(tokens.join(' ')) ?? 0) + 1);
  let statistic = 0;
  let rare = 0;
  let rareSeen = 0;
  let cells = 0;
  for (const [tokens, p] of await enumerated(3, temperature)) {
    if (p * n < 5) {
      rare += p * n;
      rareSeen += seen.get(tokens) ?? 0;
      continue;
    }
    cells++;
    statistic += ((seen.get(tokens) ?? 0) - p * n) ** 2 / (p * n);
  }
  if (rare > 0) statistic += (rareSeen - rare) ** 2 / rare;
  return { statistic, freedom: cells - (rare > 0 ? 0 : 1) };
}

/** Far beyond chance: some four standard deviations above the statistic's mean. */
const limit = (freedom: number) => freedom + 4 * Math.sqrt(2 * freedom);

describe('sampling an emulated model', () => {
  it.each([
    ['one token a pass', 0, 1],
    ['drafts of one', 1, 1],
    ['drafts of four, more than is left', 4, 1],
    ['drafts at another temperature', 2, 0.6],
  ])('has the exact law: %s', async (_, draftTokens, temperature) => {
    const engine = emulatedEngine({ base, deltas, tokenizer, draftTokens });
    const { statistic, freedom } = await chiSquare(engine, 6000, temperature);
    expect(freedom).toBeGreaterThan(10);
    expect(statistic).toBeLessThan(limit(freedom));
  });

  it('notices another law: the base alone, or drafts that are never refused', async () => {
    const alone = emulatedEngine({ base, deltas: [], tokenizer });
    const drafts = emulatedEngine({ base: tuned, deltas: [], tokenizer });
    for (const engine of [alone, drafts]) {
      const { statistic, freedom } = await chiSquare(engine, 6000, 1);
      expect(statistic).toBeGreaterThan(3 * limit(freedom));
    }
  });

  it('drafts save passes, all the more the nearer the models are', async () => {
    const near = new TabularEngine({ tokenizer, seed: 2, rows: 64 });
    near.table.set(tuned.table.map((x, i) => x + 0.1 * base.table[i]));
    const run = async (pair: { tuned: FrozenEngine; reference: FrozenEngine }, from: FrozenEngine) => {
      const engine = emulatedEngine({ base: from, deltas: [pair], tokenizer, draftTokens: 3 });
      await engine.sample([{ prompt, n: 300, seed: 1 }], { maxTokens: 12, stopTokens: [] });
      const { passes, tokens, drafted, accepted } = engine.counts;
      expect(tokens).toBe(300 * 12);
      return { tokensAPass: tokens / passes, rate: accepted / drafted };
    };
    const [far, close] = [await run(deltas[0], base), await run({ tuned: near, reference: tuned }, tuned)];
    expect(close.rate).toBeGreaterThan(far.rate);
    expect(far.tokensAPass).toBeGreaterThan(1);
    expect(close.tokensAPass).toBeGreaterThan(2.5);
  });

  it('takes the likeliest tokens at temperature 0, drafted or not', async () => {
    const greedy = async (draftTokens: number) => {
      const engine = emulatedEngine({ base, deltas, tokenizer, draftTokens });
      const [[{ tokens }]] = await engine.sample([{ prompt, n: 1, seed: 1 }], {
        maxTokens: 9,
        temperature: 0,
        stopTokens: [],
      });
      return tokens;
    };
    expect(await greedy(4)).toEqual(await greedy(0));
  });

  it('gives log-probabilities of the tokens sampled, as forward does', async () => {
    const engine = emulatedEngine({ base, deltas, tokenizer, draftTokens: 2 });
    const [[{ tokens, logprobs }]] = await engine.sample([{ prompt, n: 1, seed: 9 }], { maxTokens: 6 });
    const scored = await engine.forward([[...prompt, ...tokens]], { entropy: true });
    logprobs.forEach((x, t) => {
      expect(scored.logprobs[0][prompt.length + t]).toBeCloseTo(x, 5);
    });
    expect(scored.entropy?.[0][1]).toBeGreaterThan(0);
    expect(scored.entropy?.[0][1]).toBeLessThan(Math.log(4));
    const ids = Int32Array.from({ length: 4 }, (_, v) => v);
    const { candidates = [] } = await engine.forward([[...prompt, tokens[0]]], {
      candidates: { k: 2, ids: [ids] },
    });
    expect(Array.from(candidates[0].subarray(0, 2))).toEqual([0, 0]);
    const b = (await enumerated(1, 1)).get('2') ?? 0;
    expect(Math.exp(candidates[0][2])).toBeCloseTo(b, 5);
  });

  it('refuses what it cannot do', async () => {
    const engine = emulatedEngine({ base, deltas, tokenizer, draftTokens: 2 });
    const requests = [{ prompt, n: 1, seed: 1 }];
    await expect(engine.sample(requests, { maxTokens: 2, topK: 1 })).rejects.toThrow(/plain sampling/);
    await expect(engine.sample(requests, { maxTokens: 0 })).rejects.toThrow(/maxTokens: got 0/);
    await expect(engine.forward([prompt], { values: true })).rejects.toThrow(/want.values/);
    await expect(engine.export('x')).rejects.toThrow(/no weights of its own/);
    expect(() => emulatedEngine({ base, deltas, tokenizer, topP: 0 })).toThrow(/topP is 0/);
    expect(() => emulatedEngine({ base, deltas, tokenizer, draftTokens: -1 })).toThrow(/draftTokens is -1/);
    expect(() => emulatedEngine({ base, deltas: [{ tuned, reference, weight: NaN }], tokenizer })).toThrow(
      /deltas\[0\].weight is NaN/,
    );
  });
});

describe('on the embedded engine', () => {
  it('with the reference as base samples what the tuned model samples', async () => {
    const [one, two] = [await tinyEngine('llama'), await tinyEngine('qwen3')];
    const engine = emulatedEngine({
      base: one,
      deltas: [{ tuned: two, reference: one }],
      tokenizer: TOKENIZER,
    });
    const requests = [0, 1, 2].map((i) => ({ prompt: randomTokens(3 + i, 'prompt', i), n: 2, seed: i }));
    const params = { maxTokens: 8, temperature: 1 };
    const [ours, theirs] = [await engine.sample(requests, params), await two.sample(requests, params)];
    ours.flat().forEach(({ tokens, text, finishReason, logprobs }, i) => {
      const expected = theirs.flat()[i];
      expect({ tokens, text, finishReason }).toEqual({
        tokens: expected.tokens,
        text: expected.text,
        finishReason: expected.finishReason,
      });
      logprobs.forEach((x, t) => {
        expect(x).toBeCloseTo(expected.logprobs[t], 4);
      });
    });
    const sequences = ours.map(([{ tokens }], i) => [...requests[i].prompt, ...tokens]);
    const [mine, its] = [await engine.forward(sequences), await two.forward(sequences)];
    mine.logprobs.forEach((row, i) => {
      row.forEach((x, t) => {
        expect(x).toBeCloseTo(its.logprobs[i][t], 5);
      });
    });
    one.dispose();
    two.dispose();
  });
});
