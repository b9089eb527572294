import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { DrawnToken, RowPiece } from '../inference/inference-row.ts';
import { JoinedPieces } from './joined-pieces.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

const drawn = (token: number): DrawnToken => ({ token, logprob: -1, drawnLogprob: -1, top: [] });
const piece = (text: string, token: number, finishReason: RowPiece['finishReason'] = null): RowPiece => ({
  text,
  tokens: [drawn(token)],
  finishReason,
});
const taken = (pieces: JoinedPieces) =>
  Array.from(pieces.take(), ({ index, text, tokens, finishReason }) => [
    index,
    text,
    tokens.map(({ token }) => token),
    finishReason,
  ]);
/** Whether a wait ends before anything else happens. */
async function isDue(pieces: JoinedPieces): Promise<boolean> {
  let ended = false;
  void pieces.due().then(() => {
    ended = true;
  });
  await Promise.resolve();
  await Promise.resolve();
  return ended;
}

test('the first piece is handed over at once, those that follow fast are joined, choice by choice', async () => {
  const pieces = new JoinedPieces(2);
  expect(await isDue(pieces)).toBe(false);
  pieces.add(0, piece('a', 1));
  expect(await isDue(pieces)).toBe(true);
  expect(taken(pieces)).toEqual([[0, 'a', [1], null]]);

  const wait = pieces.due();
  pieces.add(1, piece('x', 2));
  await vi.advanceTimersByTimeAsync(20);
  pieces.add(0, piece('b', 3));
  pieces.add(0, piece('', 4));
  pieces.add(0, piece('c', 5, 'stop'));
  expect(pieces.complete).toBe(false);
  await vi.advanceTimersByTimeAsync(19);
  let ended = false;
  void wait.then(() => {
    ended = true;
  });
  await Promise.resolve();
  expect(ended).toBe(false);
  await vi.advanceTimersByTimeAsync(2);
  expect(ended).toBe(true);
  expect(taken(pieces)).toEqual([
    [1, 'x', [2], null],
    [0, 'bc', [3, 4, 5], 'stop'],
  ]);
  expect(pieces.done).toBe(false);
});

test('pieces slower than the pace are not held back', async () => {
  const pieces = new JoinedPieces(1);
  for (const token of [1, 2, 3]) {
    pieces.add(0, piece('a', token));
    expect(await isDue(pieces)).toBe(true);
    expect(taken(pieces)).toEqual([[0, 'a', [token], null]]);
    await vi.advanceTimersByTimeAsync(50);
  }
});

test('the end is handed over at once, also where nobody waited when it came', async () => {
  const pieces = new JoinedPieces(1);
  pieces.add(0, piece('a', 1));
  taken(pieces);
  pieces.add(0, piece('b', 2, 'length'));
  expect(pieces.complete).toBe(true);
  expect(pieces.done).toBe(false);
  expect(await isDue(pieces)).toBe(true);
  expect(taken(pieces)).toEqual([[0, 'b', [2], 'length']]);
  expect(pieces.done).toBe(true);
});

test('an interruption ends the wait that is under way, or else the next one', async () => {
  const pieces = new JoinedPieces(1);
  const wait = pieces.due();
  pieces.interrupt();
  await wait;
  expect(taken(pieces)).toEqual([]);
  pieces.interrupt();
  expect(await isDue(pieces)).toBe(true);
});
