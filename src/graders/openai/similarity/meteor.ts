/** METEOR of one sentence, with exact words and stems. */
import { stemmer } from 'stemmer';
import { plainWords } from './words.ts';

/** How much recall counts for: the parameters of Lavie & Agarwal 2007 for English. */
const RECALL_WEIGHT = 0.9;
const FRAGMENTATION_POWER = 3;
const FRAGMENTATION_WEIGHT = 0.5;

/** Pairs the words that are equal under `of`, from the ends; each word at most once. */
function pair(
  own: readonly string[],
  other: readonly string[],
  of: (word: string) => string,
  paired: Map<number, number>,
): void {
  const taken = new Set(paired.values());
  for (let i = own.length - 1; i >= 0; i--) {
    if (paired.has(i)) continue;
    for (let j = other.length - 1; j >= 0; j--) {
      if (taken.has(j) || of(own[i]) !== of(other[j])) continue;
      paired.set(i, j);
      taken.add(j);
      break;
    }
  }
}

/**
 * METEOR (Banerjee & Lavie 2005): words are aligned, equal ones first and then those of equal stem (Porter); the score is
 * a mean of precision and recall, less a penalty for alignments in many pieces. Synonyms are not looked up. 0 where nothing
 * is aligned.
 */
export function meteor(text: string, reference: string): number {
  const [own, other] = [plainWords(text), plainWords(reference)];
  const paired = new Map<number, number>();
  pair(own, other, (word) => word, paired);
  pair(own, other, stemmer, paired);
  const matches = paired.size;
  if (matches === 0) return 0;
  const precision = matches / own.length;
  const recall = matches / other.length;
  const mean = (precision * recall) / (RECALL_WEIGHT * precision + (1 - RECALL_WEIGHT) * recall);
  const order = [...paired].sort(([a], [b]) => a - b);
  const pieces = order.filter(
    ([i, j], at) => at === 0 || order[at - 1][0] !== i - 1 || order[at - 1][1] !== j - 1,
  ).length;
  return mean * (1 - FRAGMENTATION_WEIGHT * (pieces / matches) ** FRAGMENTATION_POWER);
}
