/** Every metric agrees with reference implementations (python/fixtures/text_similarity.py) and with sums done by hand. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SIMILARITY_METRICS, type SimilarityMetric } from '../schema.ts';
import { cosine, textSimilarity } from './index.ts';

type TextMetric = Exclude<SimilarityMetric, 'cosine'>;

interface Fixture {
  cases: ({ text: string; reference: string } & Record<TextMetric, number>)[];
  cosines: { a: number[]; b: number[]; cosine: number }[];
}

const place = new URL('../fixtures/text-similarity.json', import.meta.url);
const { cases, cosines } = JSON.parse(readFileSync(place, 'utf8')) as Fixture;
const metrics = SIMILARITY_METRICS.filter((metric) => metric !== 'cosine');

it.each(metrics)('%s agrees with its reference implementation', (metric) => {
  expect(cases.length).toBeGreaterThan(100);
  // Cases that all score 0 would show nothing.
  expect(new Set(cases.map((one) => one[metric])).size).toBeGreaterThan(15);
  for (const { text, reference, ...scores } of cases) {
    const score = textSimilarity(metric, text, reference);
    expect(
      Math.abs(score - scores[metric]),
      `${metric} of ${JSON.stringify([text, reference])}`,
    ).toBeLessThan(1e-12);
  }
});

it('cosine agrees with its reference implementation', () => {
  for (const { a, b, cosine: expected } of cosines) expect(cosine(a, b)).toBeCloseTo(expected, 12);
  expect(cosine([0, 0], [1, 1])).toBe(0);
});

describe('any two texts', () => {
  it.each(metrics)('%s lies in [0, 1], and is largest for equal texts', (metric) => {
    const word = fc.constantFrom('the', 'cat', 'sat', 'on', 'a', 'mat', 'cats');
    const text = fc.array(word, { minLength: 1, maxLength: 8 }).map((words) => words.join(' '));
    fc.assert(
      fc.property(text, text, (a, b) => {
        const [other, own] = [textSimilarity(metric, a, b), textSimilarity(metric, b, b)];
        expect(other).toBeGreaterThanOrEqual(0);
        expect(other).toBeLessThanOrEqual(own + 1e-12);
        if (metric === 'fuzzy_match' || metric === 'bleu' || metric === 'gleu')
          expect(own).toBeCloseTo(1, 12);
      }),
    );
  });
});

// Worked by hand from the definitions.
it.each<[TextMetric, string, string, number]>([
  ['fuzzy_match', 'kitten', 'sitting', (2 * 4) / 13],
  ['rouge_1', 'The cat sat.', 'the cat slept', 2 / 3],
  ['rouge_2', 'cat', 'dog', 0],
  ['rouge_l', 'a b c d', 'a c b d', 3 / 4],
  ['gleu', 'the cat sat', 'the cat slept', 3 / 6],
  // Precisions 3/4, (1 + 1)/(3 + 1), (0 + 1)/(2 + 1), (0 + 1)/(1 + 1); no brevity penalty.
  ['bleu', 'a b x c', 'a b c', ((3 / 4) * (2 / 4) * (1 / 3) * (1 / 2)) ** (1 / 4)],
  // Two of three words of a reference of six: brevity exp(1 - 6/3); there are no four words in a row.
  ['bleu', 'a b z', 'a b c d e f', Math.exp(-1) * ((2 / 3) * (2 / 3) * (1 / 2)) ** (1 / 4)],
  // Three matches (one by stem) in one piece: P = R = 1, penalty 0.5 · (1/3)^3.
  ['meteor', 'the cats sat', 'the cat sat', 1 - 0.5 / 27],
  // Matches b, a in two pieces: P = R = 1, penalty 0.5 · (2/2)^3.
  ['meteor', 'b a', 'a b', 0.5],
])('%s of %j and %j', (metric, a, b, expected) =>
  expect(textSimilarity(metric, a, b)).toBeCloseTo(expected, 12),
);
