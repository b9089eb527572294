/** Interventions: steps of exact tokens, reading proposals, and putting them in their place. */
import { describe, expect, it } from 'vitest';
import { symbolTokenizer } from '../../text/index.ts';
import type { Task } from '../../types/index.ts';
import {
  PROPOSAL_PATTERN,
  PROPOSAL_PROMPT,
  parseProposal,
  placeProposal,
  proposalText,
  stepsOf,
} from './interventions.ts';

const tokenizer = symbolTokenizer(['a', 'b', 'c', ';', ';c', '1', '2']);
const completion = [...tokenizer.encode('a;b;a'), tokenizer.eosId];
const steps = stepsOf(completion, tokenizer, ';');

describe('stepsOf', () => {
  it('cuts after separators, in tokens', () => {
    expect(steps).toEqual({ texts: ['a;', 'b;', 'a'], ends: [2, 4, 5] });
    expect(() => stepsOf(completion, tokenizer, '')).toThrow('a mark is empty');
  });
});

describe('proposalText', () => {
  it('fills in what it knows, and leaves other braces alone', () => {
    const task: Task = { id: 't', prompt: 'x', data: null, completion: 'y$&' };
    expect(proposalText('{prompt}|{solution}|{attempt}|{steps}|{other}', task, 'a;b;a', steps)).toBe(
      'x|y$&|a;b;a|1. a;\n2. b;\n3. a|{other}',
    );
    const chat: Task = {
      ...task,
      prompt: [
        { role: 'system', content: 's' },
        { role: 'user', content: 'u' },
      ],
    };
    expect(proposalText(PROPOSAL_PROMPT, chat, 'a', steps)).toContain('Problem:\ns\n\nu\n\nReference');
  });
});

describe('parseProposal', () => {
  it('takes the last block, with line breaks as ends of steps', () => {
    const block = (n: number, text: string) =>
      `<location> ${n} </location>\n<intervention>${text}</intervention>`;
    const text = `think ${block(7, 'no')} then ${block(2, '\nfirst\nsecond\n')} end`;
    expect(parseProposal(text, PROPOSAL_PATTERN, ';')).toEqual({ location: 2, content: 'first;second' });
    expect(parseProposal('nothing', PROPOSAL_PATTERN, ';')).toBeUndefined();
    expect(parseProposal(block(1, ' '), PROPOSAL_PATTERN, ';')).toBeUndefined();
  });
});

describe('placeProposal', () => {
  const place = (location: number, content: string, answers: string[] = []) =>
    placeProposal({ location, content }, completion, steps, answers, tokenizer);

  it('replaces the step: the tokens before it stay as sampled, those of the step and after are gone', () => {
    const text = (location: number) => {
      const one = place(location, 'c;');
      return typeof one === 'string' ? one : tokenizer.decode([...one.prefix, ...one.content]);
    };
    expect([text(1), text(2), text(3)]).toEqual(['c;', 'a;c;', 'a;b;c;']);
    expect(place(2, 'c;')).toEqual({ prefix: completion.slice(0, 2), content: tokenizer.encode('c;') });
  });

  it('says why a proposal cannot be used', () => {
    expect([place(0, 'c'), place(4, 'c'), place(2, 'b;')]).toEqual(['misplaced', 'misplaced', 'unchanged']);
    expect([place(2, 'c;', ['12', 'c']), place(2, 'z'), place(2, 'c', ['', '12'])].slice(0, 2)).toEqual([
      'leaked',
      'unparsed',
    ]);
    expect(place(2, 'c', ['', '12'])).toHaveProperty('content');
    // A token that reaches over the boundary: nothing can be put between.
    const over = [...tokenizer.encode('a'), ...tokenizer.encode(';c'), tokenizer.eosId];
    expect(
      placeProposal({ location: 2, content: 'b' }, over, stepsOf(over, tokenizer, ';'), [], tokenizer),
    ).toBe('misplaced');
  });
});
