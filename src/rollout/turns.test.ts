/** Conversations: exact token ids from turn to turn, feedback that is true or not, windows, and chat templates. */
import { describe, expect, it } from 'vitest';
import { symbolTokenizer, type Tokenizer } from '../text/index.ts';
import type { Task } from '../types/index.ts';
import { feedbackTokens, isRight, nextState, rolloutTurns, type TurnsOptions } from './index.ts';
import { scriptedModel, scriptedTokenizer } from './testing/scripted-model.ts';

const tokenizer = scriptedTokenizer();
const tasks: Task[] = ['1:', '2:'].map((prompt) => ({ id: prompt, prompt, data: null }));

/** Answers `y` with chance 0.1 at each turn that comes after fewer than two others, always at the third, else `n`. */
const engine = scriptedModel((text): Record<string, number> => {
  if (text.endsWith('y') || text.endsWith('n')) return { '<eos>': 1 };
  const before = text.split('|').length - 1;
  return before >= 2 ? { y: 1 } : { y: 0.1, n: 0.9 };
});

const options = (more: Partial<TurnsOptions> = {}): TurnsOptions => ({
  engine,
  tokenizer,
  tasks,
  conversations: 8,
  turns: 4,
  maxTokens: 3,
  feedback: '|{prompt}',
  untilRight: true,
  grader: {
    name: 'yes',
    grade: ({ completion }) => ({ status: 'graded', score: Number(completion === 'y') }),
  },
  sampling: {},
  seed: 3,
  path: ['test'],
  ...more,
});

describe('rolloutTurns', () => {
  it('goes on from the exact tokens until an attempt is right', async () => {
    const groups = await rolloutTurns(options());
    expect(groups.map(({ length }) => length)).toEqual([8, 8]);
    for (const [i, group] of groups.entries())
      for (const { task, turns } of group) {
        expect(task).toBe(tasks[i]);
        expect(turns.map((turn) => isRight(turn))).toEqual(turns.map((_, t) => t === turns.length - 1));
        for (const [t, { tokens, promptLength, lossMask, completion }] of turns.entries()) {
          if (t > 0)
            expect(tokens.slice(0, promptLength)).toEqual([
              ...turns[t - 1].tokens,
              ...tokenizer.encode(`|${task.prompt}`),
            ]);
          expect(Array.from(lossMask)).toEqual(tokens.map((_, at) => Number(at >= promptLength)));
          expect(tokens.slice(promptLength)).toEqual([...tokenizer.encode(completion), tokenizer.eosId]);
        }
      }
    const lengths = groups.flat().map(({ turns }) => turns.length);
    expect(Math.max(...lengths)).toBe(3);
    expect(Math.min(...lengths)).toBe(1);
  });

  it('says that right answers are wrong when feedback is not true, and sees only the window', async () => {
    const groups = await rolloutTurns(options({ untilRight: false, window: 1 }));
    for (const { turns, task } of groups.flat()) {
      expect(turns).toHaveLength(4);
      const said = tokenizer.encode(`|${task.prompt}`);
      for (const t of [1, 2, 3]) {
        const earlier = turns[t - 1].tokens.slice(turns[t - 1].promptLength);
        expect(turns[t].tokens.slice(0, turns[t].promptLength)).toEqual([
          ...tokenizer.encode(task.prompt as string),
          ...earlier,
          ...said,
        ]);
      }
    }
  });

  it('draws the same again, and other things for a task that comes twice', async () => {
    const twice = () => rolloutTurns(options({ tasks: [tasks[0], tasks[0]] }));
    const [first, second] = await twice();
    const texts = (group: typeof first) =>
      group.map(({ turns }) => turns.map((one) => one.completion).join());
    expect((await twice()).map(texts)).toEqual([texts(first), texts(second)]);
    expect(texts(first)).not.toEqual(texts(second));
  });

  it('ends a conversation whose attempt cannot be graded, and names numbers below 1', async () => {
    const grader = { name: 'broken', grade: () => ({ status: 'failed' as const, reason: 'x' }) };
    const groups = await rolloutTurns(options({ grader }));
    expect(groups.flat().every(({ turns }) => turns.length === 1)).toBe(true);
    await expect(rolloutTurns(options({ turns: 0 }))).rejects.toThrow('turns is 0');
    await expect(rolloutTurns(options({ conversations: 0.5 }))).rejects.toThrow('conversations is 0.5');
  });
});

describe('feedbackTokens', () => {
  const [task] = tasks;

  it('closes an attempt that was cut', () => {
    const cut = tokenizer.encode('n');
    const said = tokenizer.encode('|1:');
    expect(feedbackTokens(task, '|{prompt}', [...cut, tokenizer.eosId], tokenizer)).toEqual(said);
    expect(feedbackTokens(task, '|{prompt}', cut, tokenizer)).toEqual([tokenizer.eosId, ...said]);
    expect(nextState({ task, turns: [] }, { feedback: '|' }, tokenizer)).toEqual(tokenizer.encode('1:'));
  });

  it('follows the chat template, without writing the end of the attempt twice', () => {
    const letters = symbolTokenizer([...'abcdefghijklmnopqrstuvwxyz<|>\n $&']);
    const chat: Task = {
      id: 'chat',
      prompt: [
        { role: 'system', content: 'be brief' },
        { role: 'user', content: 'what is $& worth' },
      ],
      data: null,
    };
    const text = (attempt: readonly number[], of: Tokenizer = letters) =>
      of.decode([...attempt, ...feedbackTokens(chat, 'no {prompt}', attempt, of)], { skipSpecial: false });
    const attempt = letters.encode('ten');
    const expected = 'ten<eos>\n<|user|>\nno what is $& worth<eos>\n<|assistant|>\n';
    expect(text([...attempt, letters.eosId])).toBe(expected);
    expect(text(attempt)).toBe(expected);
    const forgetful = { ...letters, chatTemplate: '{{ messages[0].content }}' };
    expect(() => text(attempt, forgetful)).toThrow('task chat: the chat template leaves out');
  });

  it('names the task and the text that cannot be encoded', () => {
    expect(() => feedbackTokens(task, 'Wrong', [tokenizer.eosId], tokenizer)).toThrow(
      'task 1:: the feedback "Wrong" cannot be encoded',
    );
  });
});
