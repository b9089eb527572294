/** The vote: plurality wins, ties are shared, abstentions do not count. */
import { describe, expect, it } from 'vitest';
import { majorityVote } from './majority.ts';

const vote = (...answers: (string | undefined)[]) => majorityVote(answers, (answer) => answer === 'r');

describe('majorityVote', () => {
  it('is decided by the most frequent answer', () => {
    expect(vote('r', 'r', 'w')).toBe(1);
    expect(vote('w', 'w', 'r')).toBe(0);
    expect(vote('r', 'a', 'b', 'c', 'r')).toBe(1);
  });
  it('shares ties', () => {
    expect(vote('r', 'w')).toBe(1 / 2);
    expect(vote('a', 'r', 'b')).toBe(1 / 3);
  });
  it('gives no vote to attempts without an answer', () => {
    expect(vote(undefined, undefined, 'r')).toBe(1);
    expect(vote(undefined, undefined)).toBe(0);
    expect(() => vote()).toThrow(/0 attempts/);
  });
});
