import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CHECKPOINTS, largestGap } from '../../nn/testing/fixtures.ts';
import { grpo } from '../../objectives/index.ts';
import type { Engine, SampleRequest } from '../engine.ts';
import { FRESH, randomBatch, randomTokens, TOKENIZER, tinyEngine, VOCABULARY } from '../testing/engines.ts';
import type { OnnxEngineOptions } from './index.ts';

const ALL = Int32Array.from({ length: VOCABULARY }, (_, i) => i);

/** Prompts of lengths on both sides of a padded length. */
const requests: SampleRequest[] = [5, 1, 16, 17, 9, 3, 30].map((length, i) => ({
  prompt: randomTokens(length, 'prompt', i),
  n: 1 + (i % 3),
  seed: 100 + i,
}));
const params = { maxTokens: 12, stopTokens: [] };
/** Tokens, request by request and sample by sample. */
const tokensOf = async (engine: Engine, of: readonly SampleRequest[], more = {}) =>
  (await engine.sample(of, { ...params, ...more })).map((samples) => samples.map(({ tokens }) => tokens));

// The kernel rotates heads of 16 by itself (qwen3); heads of 8 are rotated before it (the others).
describe.each(CHECKPOINTS)('%s', (name) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await tinyEngine(name);
  });
  afterAll(() => engine.dispose());

  it.each([{ temperature: 1 }, { temperature: 0.7, topK: 20, topP: 0.9, minP: 0.02 }])(
    "reports its tokens' log-probabilities as forward does, at %j",
    async (settings) => {
      const results = await engine.sample(requests, { ...params, ...settings });
      const rows = requests.flatMap(({ prompt }, i) =>
        results[i].map(({ tokens }) => [...prompt, ...tokens]),
      );
      const { logprobs } = await engine.forward(rows);
      const samples = results.flat();
      const starts = requests.flatMap(({ prompt }, i) => results[i].map(() => prompt.length));
      expect(samples.length).toBe(requests.reduce((sum, { n }) => sum + n, 0));
      samples.forEach((sample, i) => {
        expect(sample.tokens.length).toBe(params.maxTokens);
        expect(largestGap(sample.logprobs, logprobs[i].subarray(starts[i]))).toBeLessThan(1e-4);
      });
    },
  );

  it('decodes greedily what the argmax of forward gives step by step', async () => {
    const results = await engine.sample(requests, { ...params, temperature: 0 });
    const rows = requests.map(({ prompt }, i) => [...prompt, ...results[i][0].tokens]);
    const ids = rows.map((row) => Int32Array.from(row.flatMap(() => [...ALL])));
    const { candidates = [] } = await engine.forward(rows, { candidates: { k: VOCABULARY, ids } });
    rows.forEach((row, i) => {
      for (let t = requests[i].prompt.length; t < row.length; t++) {
        const next = candidates[i].subarray(t * VOCABULARY, (t + 1) * VOCABULARY);
        expect(next.indexOf(Math.max(...next))).toBe(row[t]);
      }
      for (const { tokens } of results[i]) expect(tokens).toEqual(results[i][0].tokens);
    });
  });

  it('gives a request the same tokens whatever else is in the batch', async () => {
    const together = await tokensOf(engine, requests);
    for (const [i, request] of requests.entries())
      expect(await tokensOf(engine, [request])).toEqual([together[i]]);
    expect(await tokensOf(engine, [...requests].reverse())).toEqual([...together].reverse());
  });
});

it.each<[string, Partial<OnnxEngineOptions>]>([
  [
    'weights with adapters that have learned',
    { lora: { rank: 2, alpha: 8, targets: ['q_proj', 'v_proj', 'up_proj'] } },
  ],
  ['a fresh model with a long context', { model: FRESH, seed: 4 }],
])('agrees with forward on %s', async (_, options) => {
  const engine = await tinyEngine('llama', options);
  await engine.forwardBackward(randomBatch([20, 9]), grpo());
  await engine.optimStep({ learningRate: 0.05 });
  const positions = options.model === FRESH ? FRESH.maxPositions : 64;
  const prompts = [positions - 20, 5, 40].map((length, i) => randomTokens(length, 'long', i));
  const results = await engine.sample(
    prompts.map((prompt, seed) => ({ prompt, n: 2, seed })),
    { maxTokens: 20, stopTokens: [] },
  );
  const rows = results.flatMap((samples, i) => samples.map(({ tokens }) => [...prompts[i], ...tokens]));
  const { logprobs } = await engine.forward(rows);
  results.flat().forEach((sample, i) => {
    expect(largestGap(sample.logprobs, logprobs[i].slice(-20))).toBeLessThan(1e-4);
  });
  engine.dispose();
});

describe('sampling', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await tinyEngine('qwen2');
  });
  afterAll(() => engine.dispose());

  it('draws other completions for other seeds and sample numbers, the same for the same', async () => {
    const request = { prompt: randomTokens(6, 'seeds'), n: 6, seed: 1 };
    const [samples] = await tokensOf(engine, [request]);
    expect(new Set(samples.map((tokens) => tokens.join())).size).toBe(6);
    expect(await tokensOf(engine, [request])).toEqual([samples]);
    expect(await tokensOf(engine, [{ ...request, n: 3 }])).toEqual([samples.slice(0, 3)]);
    const [others] = await tokensOf(engine, [{ ...request, seed: 2 }]);
    for (const tokens of others) expect(samples).not.toContainEqual(tokens);
  });

  it('gives the same tokens with fewer slots than completions, and with prompts read in parts', async () => {
    const together = await tokensOf(engine, requests);
    for (const limits of [{ maxRows: 1 }, { maxRows: 3, prefillTokens: 16 }, { cacheBytes: 1 }]) {
      const small = await tinyEngine('qwen2', { limits });
      expect(await tokensOf(small, requests), JSON.stringify(limits)).toEqual(together);
      small.dispose();
    }
  });

  it('lets short completions leave and longer ones go on', async () => {
    const long = await tokensOf(engine, requests, { maxTokens: 20 });
    const counts = new Map<number, number>();
    for (const id of long.flat(2)) counts.set(id, (counts.get(id) ?? 0) + 1);
    const [stop] = [...counts].sort(([, a], [, b]) => b - a)[0];
    const results = await engine.sample(requests, { maxTokens: 20, stopTokens: [stop] });
    const lengths = new Set<number>();
    results.forEach((samples, i) => {
      samples.forEach(({ tokens, finishReason, text }, k) => {
        const at = long[i][k].indexOf(stop);
        expect(tokens).toEqual(at < 0 ? long[i][k] : long[i][k].slice(0, at + 1));
        expect(finishReason).toBe(at < 0 ? 'length' : 'stop');
        expect(text).toBe(TOKENIZER.decode(at < 0 ? tokens : tokens.slice(0, -1)));
        lengths.add(tokens.length);
      });
    });
    expect(lengths.size).toBeGreaterThan(3);
  });

  it("stops at the tokenizer's end of sequence when no stop tokens are given", async () => {
    const request = { prompt: randomTokens(4, 'end'), n: 40, seed: 9 };
    const [samples] = await engine.sample([request], { maxTokens: 40 });
    const ended = samples.filter(({ tokens }) => tokens.includes(TOKENIZER.eosId));
    expect(ended.length).toBeGreaterThan(3);
    for (const { tokens, finishReason } of ended) {
      expect(tokens.indexOf(TOKENIZER.eosId)).toBe(tokens.length - 1);
      expect(finishReason).toBe('stop');
    }
  });

  it('stops at a stop string that spans tokens and cuts it from the text', async () => {
    const request = { prompt: randomTokens(7, 'stop'), n: 2, seed: 5 };
    const [free] = await engine.sample([request], { maxTokens: 16, stopTokens: [] });
    const stop = free[0].text.slice(4, 7);
    expect(stop.length).toBe(3);
    const [cut] = await engine.sample([request], {
      maxTokens: 16,
      stopTokens: [],
      stop: ['never to be seen', stop],
    });
    const at = free[0].text.indexOf(stop);
    expect(cut[0].text).toBe(free[0].text.slice(0, at));
    expect(cut[0].finishReason).toBe('stop');
    expect(cut[0].tokens).toEqual(free[0].tokens.slice(0, cut[0].tokens.length));
    expect(TOKENIZER.decode(cut[0].tokens)).toBe(free[0].text.slice(0, at + 3));
    expect(cut[0].logprobs.length).toBe(cut[0].tokens.length);
    expect(free[1].text).not.toContain(stop);
    expect([cut[1].text, cut[1].tokens]).toEqual([free[1].text, free[1].tokens]);
  });

  it('gives one token when one is asked for, and reports how many it has drawn', async () => {
    const single = await engine.sample(requests, { maxTokens: 1, stopTokens: [] });
    const longer = await tokensOf(engine, requests);
    single.forEach((samples, i) => {
      expect(samples.map(({ tokens }) => tokens)).toEqual(longer[i].map((tokens) => tokens.slice(0, 1)));
    });
    const counts: number[] = [];
    await engine.sample(requests, params, { onTokens: (tokens) => counts.push(tokens) });
    expect(counts.at(-1)).toBe(params.maxTokens * longer.flat().length);
    expect(counts).toEqual([...counts].sort((a, b) => a - b));
  });

  it('stops when it is told to, and works again after that', async () => {
    const before = await tokensOf(engine, requests);
    await expect(engine.sample(requests, params, { signal: AbortSignal.abort() })).rejects.toThrow(/abort/i);
    const controller = new AbortController();
    const counts: number[] = [];
    const sampling = engine.sample(requests, params, {
      signal: controller.signal,
      onTokens: (tokens) => {
        counts.push(tokens);
        if (counts.length === 3) controller.abort(new Error('enough'));
      },
    });
    await expect(sampling).rejects.toThrow('enough');
    expect(counts.length).toBe(3);
    expect(await tokensOf(engine, requests)).toEqual(before);
  });

  it('gives calls made at once what each gives alone', async () => {
    const alone = [await tokensOf(engine, requests.slice(0, 3)), await tokensOf(engine, requests.slice(3))];
    const atOnce = await Promise.all([
      tokensOf(engine, requests.slice(0, 3)),
      tokensOf(engine, requests.slice(3)),
    ]);
    expect(atOnce).toEqual(alone);
  });

  it('gives no samples for no requests', async () => {
    expect(await engine.sample([], params)).toEqual([]);
  });

  it.each([
    ['an empty prompt', { prompt: [] }, {}, /requests\[1\]\.prompt: is empty, expected at least one token/],
    ['a foreign id', { prompt: [5, 97] }, {}, /requests\[1\]\.prompt\[1\]: got token id 97, .* 0 to 96/],
    ['a negative id', { prompt: [-1] }, {}, /requests\[1\]\.prompt\[0\]: got token id -1/],
    ['a fraction', { prompt: [1.5] }, {}, /requests\[1\]\.prompt\[0\]: got token id 1\.5/],
    ['no completion', { n: 0 }, {}, /requests\[1\]\.n: got 0, expected an integer of at least 1/],
    ['no tokens', {}, { maxTokens: 0 }, /maxTokens: got 0, expected an integer of at least 1/],
    [
      'a prompt too long',
      { prompt: randomTokens(53, 'long') },
      {},
      /prompt of 53 tokens and maxTokens 12 need 65 positions; the model has 64/,
    ],
    ['a bad setting', {}, { topP: 2 }, /topP: got 2, expected a number in \(0, 1\]/],
    ['an empty stop string', {}, { stop: ['x', ''] }, /stop\[1\] is empty/],
  ])('refuses %s', async (_, change, settings, message) => {
    const good = { prompt: [5], n: 1, seed: 1 };
    const sampling = engine.sample([good, { ...good, ...change }], { ...params, ...settings });
    await expect(sampling).rejects.toThrow(message);
  });

  it('fills the context to its last position', async () => {
    const prompt = randomTokens(52, 'full');
    const [[sample]] = await engine.sample([{ prompt, n: 1, seed: 3 }], params);
    expect(sample.tokens.length).toBe(12);
    const { logprobs } = await engine.forward([[...prompt, ...sample.tokens]]);
    expect(largestGap(sample.logprobs, logprobs[0].subarray(52))).toBeLessThan(1e-4);
  });
});
