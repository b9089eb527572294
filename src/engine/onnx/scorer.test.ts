import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readSafetensors } from '../../nn/index.ts';
import { CHECKPOINTS, expected, fixtureFolder, largestGap } from '../../nn/testing/fixtures.ts';
import type { Engine } from '../engine.ts';
import { randomTokens, tinyEngine, VOCABULARY } from '../testing/engines.ts';

describe.each(CHECKPOINTS)('forward of %s', (name) => {
  const { inputIds, variants } = expected(name);
  const [{ logprobs, entropy, logits }] = variants;
  let engine: Engine;
  beforeAll(async () => {
    engine = await tinyEngine(name);
  });
  afterAll(() => engine.dispose());

  it("gives transformers' log-probabilities and entropy, entry t of token t", async () => {
    const ours = await engine.forward(inputIds, { entropy: true });
    inputIds.forEach((ids, row) => {
      expect(ours.logprobs[row].length).toBe(ids.length);
      expect(ours.logprobs[row][0]).toBe(0);
      expect(ours.entropy?.[row][0]).toBe(0);
      const scored = logprobs.data.slice(row * 10, (row + 1) * 10);
      expect(largestGap(ours.logprobs[row].subarray(1), scored)).toBeLessThan(1e-4);
      const before = entropy.data.slice(row * 11, row * 11 + 10);
      expect(largestGap(ours.entropy?.[row].subarray(1) ?? [], before)).toBeLessThan(1e-4);
    });
  });

  it("gives transformers' log-probabilities of candidates", async () => {
    const k = 3;
    const ids = inputIds.map((row) => Int32Array.from(row.flatMap((id, t) => [id, t, 96])));
    const { candidates = [] } = await engine.forward(inputIds, { candidates: { k, ids } });
    inputIds.forEach((row, b) => {
      expect(candidates[b].length).toBe(row.length * k);
      expect([...candidates[b].subarray(0, k)]).toEqual([0, 0, 0]);
      for (let t = 1; t < row.length; t++) {
        const at = (b * row.length + t - 1) * VOCABULARY;
        const row97 = logits.data.slice(at, at + VOCABULARY);
        const total = Math.log(row97.reduce((sum, x) => sum + Math.exp(x), 0));
        const direct = [row[t], t, 96].map((id) => row97[id] - total);
        expect(largestGap(candidates[b].subarray(t * k, (t + 1) * k), direct)).toBeLessThan(1e-4);
      }
    });
  });
});

describe('forward', () => {
  const rows = [3, 17, 1, 40, 16, 2, 33].map((length, i) => randomTokens(length, 'score', i));
  let engine: Engine;
  beforeAll(async () => {
    engine = await tinyEngine('llama', { valueHead: true });
  });
  afterAll(() => engine.dispose());

  it('scores a sequence the same alone and among others, in one run and in several', async () => {
    const want = { entropy: true, lastHidden: true };
    const together = await engine.forward(rows, want);
    const small = await tinyEngine('llama', { limits: { scoreTokens: 32 } });
    const apart = await small.forward(rows, want);
    for (const [i, row] of rows.entries()) {
      const alone = await engine.forward([row], want);
      for (const part of ['logprobs', 'entropy', 'lastHidden'] as const) {
        const ours = together[part]?.[i] ?? [];
        expect(largestGap(ours, alone[part]?.[0] ?? [])).toBeLessThan(1e-5);
        expect(largestGap(ours, apart[part]?.[i] ?? [])).toBeLessThan(1e-5);
      }
      expect(together.logprobs[i].length).toBe(row.length);
    }
    small.dispose();
  });

  it('gives the final hidden state of the last token: the head turns it into the next distribution', async () => {
    const row = randomTokens(9, 'hidden');
    const { lastHidden = [] } = await engine.forward([row], { lastHidden: true });
    const tensors = await readSafetensors(`${fixtureFolder('llama')}/model.safetensors`);
    const head = tensors.get('lm_head.weight')?.data ?? [];
    const logits = Array.from({ length: VOCABULARY }, (_, v) =>
      lastHidden[0].reduce((sum, h, i) => sum + h * head[v * 32 + i], 0),
    );
    const total = Math.log(logits.reduce((sum, x) => sum + Math.exp(x), 0));
    const next = 42;
    const { logprobs } = await engine.forward([[...row, next]]);
    expect(logprobs[0][9]).toBeCloseTo(logits[next] - total, 4);
  });

  it('gives a fresh value head the value 0 everywhere', async () => {
    const { values = [] } = await engine.forward(rows, { values: true });
    expect(values.map(({ length }) => length)).toEqual(rows.map(({ length }) => length));
    expect(values.every((row) => row.every((v) => v === 0))).toBe(true);
  });

  it('scores no sequences', async () => {
    expect(await engine.forward([], { entropy: true })).toEqual({ logprobs: [], entropy: [] });
  });

  it.each([
    ['an empty sequence', [[5], []], {}, /sequences\[1\]: has 0 tokens, expected 1 to 64/],
    ['a sequence too long', [new Array(65).fill(5)], {}, /sequences\[0\]: has 65 tokens, expected 1 to 64/],
    [
      'a foreign id',
      [[5, 6, 97]],
      {},
      /sequences\[0\]\[2\]: got token id 97, expected an integer from 0 to 96/,
    ],
    [
      'too few candidates',
      [[5, 6]],
      { candidates: { k: 2, ids: [Int32Array.of(1, 2, 3)] } },
      /want\.candidates\[0\]: has 3 entries, expected 4/,
    ],
    [
      'candidates for other rows',
      [[5, 6]],
      { candidates: { k: 1, ids: [] } },
      /want\.candidates: has 0 rows, expected 1/,
    ],
    [
      'no candidates at all',
      [[5, 6]],
      { candidates: { k: 0, ids: [new Int32Array(0)] } },
      /want\.candidates: k is 0, expected an integer of at least 1/,
    ],
    [
      'a foreign candidate',
      [[5, 6]],
      { candidates: { k: 1, ids: [Int32Array.of(1, -1)] } },
      /want\.candidates\[0\]\[1\]: got token id -1/,
    ],
  ])('refuses %s', async (_, sequences, want, message) => {
    await expect(engine.forward(sequences, want)).rejects.toThrow(message);
  });

  it('refuses values of a model without a value head', async () => {
    const plain = await tinyEngine('llama');
    await expect(plain.forward([[5, 6]], { values: true })).rejects.toThrow(/no value head/);
    plain.dispose();
  });
});
