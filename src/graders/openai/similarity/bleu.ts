/** BLEU and GLEU of one sentence. */
import { ngramCounts, sharedCount, wordsAndMarks } from './words.ts';

const MOST_WORDS = 4;

/**
 * Sentence BLEU (Papineni et al. 2002) with n-grams of up to four words: geometric mean of the precisions times the
 * brevity penalty. One is added to both counts above single words (Lin & Och 2004). Texts of fewer than four words are
 * compared by the n-grams that they have, so that equal texts score 1.
 */
export function bleu(text: string, reference: string): number {
  const [own, other] = [wordsAndMarks(text), wordsAndMarks(reference)];
  if (own.length === 0 || other.length === 0) return Number(own.length === other.length);
  const orders = Math.min(MOST_WORDS, own.length);
  let logs = 0;
  for (let n = 1; n <= orders; n++) {
    const shared = sharedCount(ngramCounts(own, n), ngramCounts(other, n));
    const all = own.length - n + 1;
    if (n === 1 && shared === 0) return 0;
    logs += n === 1 ? Math.log(shared / all) : Math.log((shared + 1) / (all + 1));
  }
  const brevity = own.length >= other.length ? 1 : Math.exp(1 - other.length / own.length);
  return brevity * Math.exp(logs / orders);
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
  return most === 0 ? 1 : shared / most;
}
