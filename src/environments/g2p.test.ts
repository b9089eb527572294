/** Tests of the g2p environment and its error rates. */
import { dictionary } from 'cmu-pronouncing-dictionary';
import { beforeAll, describe, expect, it } from 'vitest';
import { gradeAll } from '../graders/index.ts';
import { symbolTokenizer } from '../text/index.ts';
import type { Environment, Split } from '../types/index.ts';
import { type G2pData, g2p } from './g2p.ts';
import { groupEntries, PHONEMES, STRESSED_PHONEMES } from './pronouncing-dictionary.ts';
import {
  closestPronunciation,
  parsePhonemes,
  phonemeErrorRate,
  wordErrorRate,
} from './pronunciation-errors.ts';

const SPLITS: Split[] = ['train', 'validation', 'test'];
let environment: Environment<G2pData>;
beforeAll(async () => {
  environment = await g2p();
});

describe('g2p', () => {
  it('has the documented sizes, and each word in one split', () => {
    const keys = Object.keys(dictionary);
    const words = new Set(keys.map((key) => key.replace(/\(\d+\)$/, '')));
    const kept = [...words].filter((word) => /^[a-z]+$/.test(word));
    expect([keys.length, words.size, kept.length, words.size - kept.length]).toEqual([
      135155, 126046, 117490, 8556,
    ]);
    expect(SPLITS.map((split) => environment.size(split))).toEqual([99817, 5875, 11798]);
    const seen = new Set<string>();
    for (const split of SPLITS)
      for (let i = 0; i < environment.size(split); i++) seen.add(environment.task(split, i).data.word);
    expect(seen.size).toBe(117490);
  });

  it('keeps its split for good', () => {
    const first = (split: Split) => Array.from({ length: 3 }, (_, i) => environment.task(split, i).data.word);
    expect(SPLITS.map(first)).toMatchInlineSnapshot(`
      [
        [
          "aristede",
          "brzeska",
          "beatify",
        ],
        [
          "dismore",
          "evander",
          "vantrease",
        ],
        [
          "corbet",
          "kreul",
          "forehands",
        ],
      ]
    `);
  });

  it('writes each letter and each phoneme as one symbol', () => {
    expect(environment.symbols.length).toBe(26 + 1 + 39);
    const tokenizer = symbolTokenizer(environment.symbols);
    for (let i = 0; i < 3000; i++) {
      const { prompt, completion = '', data } = environment.task('test', i);
      expect(tokenizer.encode(prompt as string).length).toBe(data.word.length + 1);
      expect(tokenizer.encode(completion).length).toBe(data.pronunciations[0].length);
      expect(parsePhonemes(completion)).toEqual(data.pronunciations[0]);
    }
  });

  it('accepts any pronunciation of a word, and counts the errors', async () => {
    const tasks = Array.from({ length: 300 }, (_, i) => environment.task('validation', i));
    const task = tasks.find(({ data }) => data.pronunciations.length > 1);
    if (task === undefined) throw new Error('no word with several pronunciations');
    const [first, second] = task.data.pronunciations;
    const completions = [second.join(' '), ` ${first.join(' ')} `, ['B', ...first].join(' '), ''];
    const inputs = completions.map((completion) => ({
      task,
      completion,
      tokens: [],
      finishReason: 'stop' as const,
    }));
    const grades = await gradeAll(environment.grader, inputs);
    expect(grades.slice(0, 2)).toEqual([
      { status: 'graded', score: 1, parts: { phonemeErrors: 0, phonemes: second.length } },
      { status: 'graded', score: 1, parts: { phonemeErrors: 0, phonemes: first.length } },
    ]);
    expect(grades[2]).toMatchObject({ score: 0, parts: { phonemeErrors: 1 } });
    expect(grades[3]).toMatchObject({ score: 0 });
  });

  it('keeps stress where asked', async () => {
    const stressed = await g2p({ stress: true, maxLetters: 6 });
    const vowels = new Set<string>();
    for (let i = 0; i < 2000; i++) {
      const { data } = stressed.task('train', i);
      expect(data.word.length).toBeLessThanOrEqual(6);
      for (const phoneme of data.pronunciations.flat()) {
        expect(STRESSED_PHONEMES).toContain(phoneme);
        if (/\d/.test(phoneme)) vowels.add(phoneme);
      }
    }
    expect(vowels.size).toBeGreaterThan(40);
    expect(stressed.symbols.length).toBe(26 + 1 + 24 + 15 * 3);
  });
});

describe('groupEntries', () => {
  it('joins variants, drops remarks, stress and then equal pronunciations', () => {
    const raw = {
      read: 'R EH1 D',
      'read(2)': 'R IY1 D',
      'read(3)': 'R EH2 D',
      'a.m': 'X',
      aalen: 'AE1 L # place, german',
    };
    expect(groupEntries(raw, false)).toEqual([
      { word: 'read', pronunciations: ['R EH D', 'R IY D'] },
      { word: 'aalen', pronunciations: ['AE L'] },
    ]);
    expect(groupEntries(raw, true)[0].pronunciations).toEqual(['R EH1 D', 'R IY1 D', 'R EH2 D']);
  });

  it('finds only ARPAbet in the whole dictionary', () => {
    for (const [stress, allowed] of [
      [false, new Set(PHONEMES)],
      [true, new Set(STRESSED_PHONEMES)],
    ] as const) {
      const found = new Set(
        groupEntries(dictionary, stress).flatMap((entry) => entry.pronunciations.join(' ').split(' ')),
      );
      expect([...found].filter((phoneme) => !allowed.has(phoneme))).toEqual([]);
    }
  });
});

describe('error rates', () => {
  const results = [
    {
      phonemes: ['R', 'IY', 'D'],
      pronunciations: [
        ['R', 'EH', 'D'],
        ['R', 'IY', 'D'],
      ],
    },
    {
      phonemes: ['K', 'AE'],
      pronunciations: [
        ['K', 'AE', 'T', 'S'],
        ['K', 'AH', 'T'],
      ],
    },
    { phonemes: [], pronunciations: [['AH']] },
  ];

  it('count the closest pronunciation, the first of equals', () => {
    expect(results.map(closestPronunciation)).toEqual([
      { errors: 0, length: 3 },
      { errors: 2, length: 4 },
      { errors: 1, length: 1 },
    ]);
    expect(wordErrorRate(results)).toBeCloseTo(2 / 3);
    expect(phonemeErrorRate(results)).toBeCloseTo(3 / 8);
  });

  it('refuse what has no answer', () => {
    expect(() => wordErrorRate([])).toThrow(/results: the list is empty/);
    expect(() => phonemeErrorRate([])).toThrow(/results: the list is empty/);
    expect(() => closestPronunciation({ phonemes: [], pronunciations: [] })).toThrow(
      /pronunciations: the list is empty/,
    );
  });
});
