/** Episodes: every kind of mark, the answer kept apart, and nothing lost between the cuts. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type EpisodeMarks, REASONING_CUES, splitEpisodes } from './episodes.ts';

/** The episodes as texts. */
function pieces(text: string, marks: EpisodeMarks): string[] {
  const { ends } = splitEpisodes(text, marks);
  return ends.map((end, i) => text.slice(i === 0 ? 0 : ends[i - 1], end));
}

describe('splitEpisodes', () => {
  it('cuts after or before marks, and keeps the answer apart', () => {
    expect(pieces('a;b;c|d;e', { after: [';'], answer: '|' })).toEqual(['a;', 'b;', 'c']);
    expect(pieces('a;b;c|d;e', { before: [';'], answer: '|' })).toEqual(['a', ';b', ';c']);
    expect(pieces('a;b;|d', { after: [';'], answer: '|' })).toEqual(['a;', 'b;']);
    expect(splitEpisodes('a;b', { after: [';'], answer: '|' })).toEqual({
      ends: [2, 3],
      thinkingEnd: 3,
      answered: false,
    });
    expect(splitEpisodes('|7', { after: [';'], answer: '|' })).toEqual({
      ends: [],
      thinkingEnd: 0,
      answered: true,
    });
  });

  it('opens an episode at a cue, but not right after another', () => {
    const text = 'Try 3.\n\nSo 9.\n\nSum.\n\nWait, no.\n\nWait again.\n\nHm.\n\nBut wait\n\nWait: 4.';
    expect(pieces(text, { cues: REASONING_CUES })).toEqual([
      'Try 3.\n\nSo 9.\n\nSum.\n\n',
      'Wait, no.\n\nWait again.\n\nHm.\n\n',
      'But wait\n\nWait: 4.',
    ]);
  });

  it('makes no more episodes than allowed, and refuses an empty mark', () => {
    expect(pieces('a;b;c;d', { after: [';'], most: 2 })).toEqual(['a;', 'b;c;d']);
    expect(() => splitEpisodes('a', { after: [''] })).toThrow(/a mark is empty/);
  });

  it('loses nothing: episodes join to the thinking', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', ';', '#', '\n', 'W') }), (text) => {
        const marks = { after: [';'], cues: ['W'], gap: 0, answer: '#' };
        const { thinkingEnd } = splitEpisodes(text, marks);
        const parts = pieces(text, marks);
        expect(parts.join('')).toBe(text.slice(0, thinkingEnd));
        expect(parts.every((part) => part.length > 0)).toBe(true);
      }),
    );
  });
});
