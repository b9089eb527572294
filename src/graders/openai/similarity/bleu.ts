/** BLEU and GLEU of one sentence. */
import { ngramCounts, sharedCount, wordsAndMarks } from './words.ts';

const MOST_WORDS = 4;

/**
 * Sentence BLEU (Papineni et al. 2002) with n-grams of up to four words: geometric mean of the precisions times the
 * brevity penalty. One is added to both counts above single words (Lin & Och 2004); n-grams that are longer than the text
 * count 1, so that equal texts score 1. 0 where no word is shared.
 */
export function bleu(text: string, reference: string): number {
  const [own, other] = [wordsAndMarks(text), wordsAndMarks(reference)];
  let logs = 0;
  for (let n = 1; n <= MOST_WORDS; n++) {
    const shared = sharedCount(ngramCounts(own, n), ngramCounts(other, n));
    const all = Math.max(0, own.length - n + 1);
    if (n === 1 && shared === 0) return 0;
    logs += n === 1 ? Math.log(shared / all) : Math.log((shared + 1) / (all + 1));
  }
  const brevity = own.length >= other.length ? 1 : Math.exp(1 - other.length / own.length);
  return brevity * Math.exp(logs / MOST_WORDS);
}

/** GLEU (Wu et al. 2016, §4.3): the smaller of precision and recall of all n-grams of one to four words. */
export function gleu(text: string, reference: string): number {
  const [own, other] = [wordsAndMarks(text), wordsAndMarks(reference)];
  let [shared, ofOwn, ofOther] = [0, 0, 0];
  for (let n = 1; n <= MOST_WORDS; n++) {
    shared += sharedCount(ngramCounts(own, n), ngramCounts(other, n));
    ofOwn += Math.max(0, own.length - n + 1);
    ofOther += Math.max(0, other.length - n + 1);
  }
  const most = Math.max(ofOwn, ofOther);
  return most === 0 ? 0 : shared / most;
}
