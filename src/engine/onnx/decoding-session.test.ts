import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createWeights } from '../../nn/index.ts';
import { FRESH, randomTokens } from '../testing/engines.ts';
import { type DecodedRow, DecodingSession } from './decoding-session.ts';
import { ModelPrograms } from './programs.ts';

const weights = createWeights(FRESH, { seed: 3 });
const LIMITS = { maxRows: 4, cacheBytes: 2 ** 24, prefillTokens: 256 };

/** A row that draws token 5 until it has `most`. */
function row(most: number): DecodedRow {
  const tokens: number[] = [];
  return { sharpness: 1, tokens, advance: () => tokens.push(5) === most };
}

/** A row that fails when it begins. */
const failing = (): DecodedRow => ({
  ...row(1),
  advance() {
    throw new Error('no token');
  },
});

describe('a decoding session', () => {
  let programs: ModelPrograms;
  let session: DecodingSession;
  beforeEach(() => {
    const parameters = Object.fromEntries(weights.arena.slots.map(({ name, shape }) => [name, shape]));
    programs = new ModelPrograms({ config: FRESH, parameters, trainable: [] });
    session = new DecodingSession(weights, programs, LIMITS, { prefixBytes: 2 ** 20 });
    session.open(4, FRESH.maxPositions);
  });
  afterEach(() => {
    session.dispose();
    programs.dispose();
  });

  it('knows the rows that could not begin until it starts over', async () => {
    const [done, going, bad, after, waits] = [row(1), row(9), failing(), row(9), row(9)];
    session.add({ prompt: [7, 8], rows: [done, going, bad, after] });
    session.add({ prompt: [7, 8], rows: [waits] });
    await expect(session.step()).rejects.toThrow('no token');
    expect(session.rows).toEqual([going, bad, after, waits]);
    session.open(4, FRESH.maxPositions);
    expect(session.rows).toEqual([]);
  });

  it('reads a waiting prompt as it was asked to when other rows have been taken out', async () => {
    const first = [row(9), row(9), row(9)];
    const [gone, left] = [row(9), row(9)];
    const prompt = randomTokens(40, 'session');
    session.add({ prompt, rows: first, scope: 'me' });
    await session.step();
    const onRead = vi.fn();
    session.add({ prompt, rows: [gone, left], scope: 'me', onRead });
    session.remove((one) => one === gone || first.includes(one));
    await session.step();
    expect(session.rows).toEqual([left]);
    expect(onRead).toHaveBeenCalledExactlyOnceWith(39);
  });
});
