import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CHECKPOINTS } from '../../nn/testing/fixtures.ts';
import { FRESH, randomTokens, tinyEngine, VOCABULARY } from '../testing/engines.ts';
import { createDecoder, type Decoder } from './decoder.ts';
import type { DecodedPrompt } from './decoding-session.ts';
import type { NextTokens } from './pick-token.ts';
import { Prefixes } from './prefixes.ts';

const known = (...tokens: number[]) => ({ scope: 'me', tokens: Int32Array.from(tokens), layers: [] });
const count = (from: number, length: number) => Array.from({ length }, (_, i) => from + i);
/** Bytes of a token: keys and values of two layers with two heads of 16 floats. */
const TOKEN_BYTES = 2 * 4 * FRESH.layers * FRESH.kvHeads * FRESH.headDim;

describe('known prefixes', () => {
  let prefixes: Prefixes;
  beforeEach(() => {
    prefixes = new Prefixes(FRESH, 200 * TOKEN_BYTES);
  });

  it('are found where they are longest, and leave a token to read', () => {
    prefixes.add(known(...count(0, 40)));
    prefixes.add(known(...count(0, 36), ...count(500, 30)));
    expect(prefixes.find('me', [...count(0, 38), 9])?.length).toBe(38);
    expect(prefixes.find('me', [...count(0, 36), ...count(500, 10), 7])?.length).toBe(46);
    expect(prefixes.find('me', count(0, 40))?.length).toBe(39);
    expect(prefixes.find('me', [...count(0, 31), ...count(900, 40)])).toBeUndefined();
    expect(prefixes.find('me', count(0, 32))).toBeUndefined();
  });

  it('take the place of their own beginnings, and are not kept twice', () => {
    prefixes.add(known(...count(0, 40)));
    expect(prefixes.wants('me', count(0, 40))).toBe(false);
    expect(prefixes.wants('me', count(0, 33))).toBe(false);
    expect(prefixes.wants('me', count(0, 50))).toBe(true);
    expect(prefixes.wants('me', count(5, 31))).toBe(false);
    prefixes.add(known(...count(0, 50)));
    expect(prefixes.size).toBe(50);
  });

  it("are nobody else's", () => {
    prefixes.add(known(...count(0, 40)));
    expect(prefixes.find('you', count(0, 40))).toBeUndefined();
    expect(prefixes.wants('you', count(0, 40))).toBe(true);
    prefixes.add({ ...known(...count(0, 50)), scope: 'you' });
    expect(prefixes.size).toBe(90);
  });

  it('stay within their bytes: what was not used for longest goes', () => {
    for (const from of [0, 1000, 2000]) prefixes.add(known(...count(from, 60)));
    prefixes.find('me', [...count(0, 50), 7]);
    prefixes.add(known(...count(3000, 60)));
    expect(prefixes.size).toBe(180);
    expect(prefixes.find('me', [...count(1000, 50), 7])).toBeUndefined();
    for (const from of [0, 2000, 3000]) expect(prefixes.find('me', [...count(from, 50), 7])?.length).toBe(50);
    expect(prefixes.wants('me', count(0, 201))).toBe(false);
  });
});

/** Continues prompts with their likeliest tokens; tokens, their log-probabilities, and how much of each prompt was known. */
async function go(
  { session }: Decoder,
  prompts: readonly (readonly number[])[],
  steps: number,
  n = 1,
  scope = 'me',
) {
  const results = prompts.map(() => ({
    tokens: [] as number[][],
    logprobs: [] as number[][],
    known: Number.NaN,
  }));
  prompts.forEach((prompt, i) => {
    const rows = Array.from({ length: n }, () => {
      const [tokens, logprobs]: number[][] = [[], []];
      results[i].tokens.push(tokens);
      results[i].logprobs.push(logprobs);
      return {
        sharpness: 1,
        tokens,
        advance(next: NextTokens, at: number) {
          const own = next.logprobs.subarray(at * VOCABULARY, (at + 1) * VOCABULARY);
          const token = own.indexOf(Math.max(...own));
          tokens.push(token);
          logprobs.push(own[token]);
          return tokens.length === steps;
        },
      };
    });
    const onRead = (known: number) => {
      results[i].known = known;
    };
    session.add({ prompt, rows, scope, onRead } satisfies DecodedPrompt);
  });
  while (!session.idle) await session.step();
  return results;
}

describe.each(CHECKPOINTS)('a session that keeps what it read: %s', (name) => {
  let keeping: Decoder;
  let plain: Decoder;
  beforeEach(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'burnish-'));
    const engine = await tinyEngine(name);
    await engine.export(folder);
    engine.dispose();
    keeping = await createDecoder({ folder });
    plain = await createDecoder({ folder, prefixBytes: 0 });
    await rm(folder, { recursive: true });
  });
  afterEach(() => {
    keeping.dispose();
    plain.dispose();
  });

  it('goes on with conversations as one that reads them anew', async () => {
    const firsts = [33, 40, 35].map((length, i) => randomTokens(length, 'prefix', i));
    const answers = await go(keeping, firsts, 6, 2);
    expect(answers.map((one) => one.known)).toEqual([0, 0, 0]);
    // What was answered, and another question; the third conversation answers otherwise than it was answered.
    const seconds = firsts.map((prompt, i) => [
      ...prompt,
      ...(i === 2 ? randomTokens(4, 'other') : answers[i].tokens[0]),
      ...randomTokens(1 + i, 'question', i),
    ]);
    const [again, anew] = [await go(keeping, seconds, 5, 2), await go(plain, seconds, 5, 2)];
    expect(anew.map((one) => one.known)).toEqual([0, 0, 0]);
    // The last token of an answer has not been read.
    expect(again.slice(0, 2).map((one) => one.known)).toEqual([33 + 5, 40 + 5]);
    expect(again[2].known).toBeGreaterThanOrEqual(35);
    again.forEach(({ tokens, logprobs }, i) => {
      expect(tokens).toEqual(anew[i].tokens);
      logprobs.flat().forEach((value, j) => {
        expect(Math.abs(value - anew[i].logprobs.flat()[j])).toBeLessThan(1e-4);
      });
    });
  });

  it('shares a beginning that different prompts have in common', async () => {
    const system = randomTokens(34, 'system');
    const prompts = [1, 2, 7].map((length, i) => [...system, ...randomTokens(length, 'user', i)]);
    await go(keeping, [[...system, ...randomTokens(3, 'first')]], 2);
    const [shared, anew] = [await go(keeping, prompts, 4), await go(plain, prompts, 4)];
    for (const one of shared) expect(one.known).toBeGreaterThanOrEqual(34);
    const others = await go(keeping, prompts, 4, 1, 'you');
    expect(others.map((one) => one.known)).toEqual([0, 0, 0]);
    shared.forEach(({ tokens }, i) => {
      expect(tokens).toEqual(anew[i].tokens);
    });
  });
});
