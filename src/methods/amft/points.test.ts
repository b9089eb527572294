/** Points: rules, what is right, demonstrations, and basics that a checker agrees with. */
import { describe, expect, it } from 'vitest';
import { allWorkings, cardValue, isRight, points, resultOf } from './points.ts';

const options = {
  rules: ['a' as const],
  content: 'problems' as const,
  seed: 1,
  validationSize: 20,
  testSize: 20,
};

describe('points', () => {
  it('counts face cards by the rule', () => {
    expect(['J', 'Q', 'K', '7'].map((card) => cardValue(card, 'a'))).toEqual([10, 10, 10, 7]);
    expect(['J', 'Q', 'K', '7'].map((card) => cardValue(card, 'b'))).toEqual([11, 12, 13, 7]);
  });

  it.each([
    ['7*10=70;70+3=73', 'a', true],
    ['7*13=91;91-3=88', 'b', false],
    ['10*7=70;70+3=73', 'a', true],
    ['7*10=71;71+3=74', 'a', false],
    ['7*10=70;70+7=77', 'a', false],
    ['7*10=70;7+3=10', 'a', false],
    ['7*10=70', 'a', false],
    ['70+3=73', 'a', false],
    ['7*13=91;91+3=94', 'a', false],
    ['7*10=70;70+3=73;', 'a', false],
    ['', 'a', false],
  ] as const)('says of %s under rule %s: %s', (text, rule, expected) => {
    expect(isRight(text, ['7', 'K', '3'], rule, 73)).toBe(expected);
  });

  it('finds every working right that it lists, and keeps values in 0 to 99', () => {
    expect(resultOf(50, '*', 2)).toBeUndefined();
    expect(resultOf(1, '-', 2)).toBeUndefined();
    const ways = allWorkings(['7', 'K', '3'], 'b');
    expect(ways.length).toBeGreaterThan(10);
    for (const { text, value } of ways) expect(isRight(text, ['7', 'K', '3'], 'b', value)).toBe(true);
  });

  it('shows the first working that is right, and can always be solved', () => {
    for (let index = 0; index < 100; index++) {
      const { completion = '', data, prompt } = points(options).task('train', index);
      expect(isRight(completion, data.cards, data.rule, data.target)).toBe(true);
      expect(completion).toBe(allWorkings(data.cards, 'a').find(({ value }) => value === data.target)?.text);
      expect(prompt).toBe(`a${data.cards.join('')}>${data.target}=`);
    }
  });

  it('has face cards where they are asked for, and random workings', async () => {
    const environment = points({ ...options, rules: ['b'], faces: true, demonstrations: 'random' });
    let missed = 0;
    for (let index = 0; index < 50; index++) {
      const { data, completion = '' } = environment.task('train', index);
      expect(data.cards.join('')).toMatch(/[JQK]/);
      if (!isRight(completion, data.cards, 'b', data.target)) missed++;
    }
    expect(missed).toBeGreaterThan(30);
  });

  it('teaches sums, cards, problems of two cards and loose workings as basics', () => {
    const kinds = new Set<string>();
    const environment = points({ ...options, rules: ['a', 'b'], content: 'basics' });
    for (let index = 0; index < 200; index++) {
      const { prompt, completion = '', data } = environment.task('train', index);
      const text = String(prompt);
      const sum = /^f(\d+)([+*-])(\d+)=$/.exec(text);
      if (sum) {
        expect(resultOf(Number(sum[1]), sum[2] as '+', Number(sum[3]))).toBe(Number(completion));
        kinds.add('sum');
      } else if (text.includes('>')) {
        const value = Number(completion.split('=').at(-1));
        expect(isRight(completion, data.cards, data.rule, value)).toBe(true);
        kinds.add(`${data.cards.length} cards`);
      } else {
        expect(completion).toBe(String(cardValue(text[1], text[0] as 'a')));
        kinds.add('card');
      }
    }
    expect([...kinds].sort()).toEqual(['2 cards', '3 cards', 'card', 'sum']);
  });
});
