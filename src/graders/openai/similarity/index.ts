/** `text_similarity`: how alike two texts are, from 0 to 1, by the metric's name. */
import type { SimilarityMetric } from '../schema.ts';
import { bleu, gleu } from './bleu.ts';
import { meteor } from './meteor.ts';
import { commonSubsequence, f1, ngramCounts, plainWords, sharedCount } from './words.ts';

/** 2 · LCS / (|a| + |b|) on code points: the share of characters that no edit touches; 1 for two empty texts. */
function fuzzyMatch(text: string, reference: string): number {
  const [a, b] = [[...text], [...reference]];
  if (a.length + b.length === 0) return 1;
  return f1(commonSubsequence(a, b), a.length, b.length);
}

/** F1 of the n-grams of lower-cased words (Lin 2004). */
function rougeN(text: string, reference: string, n: number): number {
  const [a, b] = [text, reference].map((one) => ngramCounts(plainWords(one), n));
  const total = (counts: ReadonlyMap<string, number>) => [...counts.values()].reduce((sum, x) => sum + x, 0);
  return f1(sharedCount(a, b), total(a), total(b));
}

/** F1 of the longest common subsequence of lower-cased words (Lin 2004). */
function rougeL(text: string, reference: string): number {
  const [a, b] = [plainWords(text), plainWords(reference)];
  return f1(commonSubsequence(a, b), a.length, b.length);
}

/** The similarity of two texts; every metric that needs no model. */
export function textSimilarity(
  metric: Exclude<SimilarityMetric, 'cosine'>,
  text: string,
  reference: string,
): number {
  switch (metric) {
    case 'fuzzy_match':
      return fuzzyMatch(text, reference);
    case 'bleu':
      return bleu(text, reference);
    case 'gleu':
      return gleu(text, reference);
    case 'meteor':
      return meteor(text, reference);
    case 'rouge_l':
      return rougeL(text, reference);
    default:
      return rougeN(text, reference, Number(metric.slice('rouge_'.length)));
  }
}

/** Cosine of two vectors of equal length, kept within [0, 1]; 0 where one is zero. */
export function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [dot, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    dot += a[i] * b[i];
    aa += a[i] * a[i];
    bb += b[i] * b[i];
  }
  return aa === 0 || bb === 0 ? 0 : Math.max(0, Math.min(1, dot / Math.sqrt(aa * bb)));
}
