/** Tests of stop strings against a search of the whole text. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StopMatcher } from './stop-matcher.ts';

/** The first stop string to be complete in the whole text, and the text before it. */
function wholeSearch(text: string, stops: readonly string[]): { text: string; matched: string | undefined } {
  for (let end = 1; end <= text.length; end++) {
    const ending = stops
      .filter((stop) => text.slice(0, end).endsWith(stop))
      .sort((a, b) => b.length - a.length);
    if (ending.length > 0) return { text: text.slice(0, end - ending[0].length), matched: ending[0] };
  }
  return { text, matched: undefined };
}

const letters = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 12 });
const stops = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 4 }), {
  maxLength: 4,
});

describe('StopMatcher', () => {
  it('finds what a search of the whole text finds, however the text is cut', () => {
    fc.assert(
      fc.property(fc.array(letters, { maxLength: 8 }), stops, (pieces, stopStrings) => {
        const matcher = new StopMatcher(stopStrings);
        let streamed = '';
        let fed = '';
        for (const piece of pieces) {
          fed += piece;
          const stopped = matcher.push(piece);
          streamed += matcher.take();
          expect(stopped).toBe(wholeSearch(fed, stopStrings).matched !== undefined);
          if (stopped) break;
        }
        const expected = wholeSearch(pieces.join(''), stopStrings);
        expect({ text: matcher.text, matched: matcher.matched }).toEqual(expected);
        expect(streamed + matcher.take(true)).toBe(expected.text);
      }),
      { numRuns: 2000 },
    );
  });

  it('finds a stop string across pieces and ignores what follows', () => {
    const matcher = new StopMatcher(['\n\n', 'END']);
    expect([matcher.push('yes E'), matcher.push('N'), matcher.push('D of it')]).toEqual([false, false, true]);
    expect(matcher.push('more')).toBe(true);
    expect([matcher.text, matcher.matched]).toEqual(['yes ', 'END']);
  });

  it('holds back only what may become a stop string', () => {
    const matcher = new StopMatcher(['###']);
    matcher.push('one#');
    expect(matcher.take()).toBe('one');
    matcher.push('two');
    expect(matcher.take()).toBe('#two');
  });

  it('refuses an empty stop string', () => {
    expect(() => new StopMatcher(['a', ''])).toThrow(/stop\[1\] is empty/);
  });
});
