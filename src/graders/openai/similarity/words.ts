/** Texts as the units that similarity counts. */

/** What HTML writes for four marks, and the marks. */
const ENTITIES: readonly (readonly [string, string])[] = [
  ['&quot;', '"'],
  ['&amp;', '&'],
  ['&lt;', '<'],
  ['&gt;', '>'],
];

/**
 * Words and marks as the 13a tokenizer of NIST's and WMT's evaluations (mteval-v13a) cuts them: marks stand alone, but for
 * apostrophes and hyphens within words, and points and commas within numbers. Case stays.
 */
export function wordsAndMarks(text: string): string[] {
  let line = text.replaceAll('<skipped>', '').replaceAll('-\n', '').replaceAll('\n', ' ');
  for (const [entity, mark] of ENTITIES) line = line.replaceAll(entity, mark);
  const apart = ` ${line} `
    .replace(/([{-~[-` -&(-+:-@/])/gu, ' $1 ')
    .replace(/([^0-9])([.,])/gu, '$1 $2 ')
    .replace(/([.,])([^0-9])/gu, ' $1 $2')
    .replace(/([0-9])(-)/gu, '$1 $2 ');
  return apart.split(/\s+/u).filter((word) => word !== '');
}

/** Lower-cased words of letters and digits. */
export const plainWords = (text: string): string[] => text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];

/** How often each n-gram comes. */
export function ngramCounts(words: readonly string[], n: number): Map<string, number> {
  const counts = new Map<string, number>();
  for (let i = 0; i + n <= words.length; i++) {
    const gram = words.slice(i, i + n).join('\u0000');
    counts.set(gram, (counts.get(gram) ?? 0) + 1);
  }
  return counts;
}

/** N-grams that two texts share: each as often as in the one that has it less often. */
export function sharedCount(a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): number {
  let shared = 0;
  for (const [gram, count] of a) shared += Math.min(count, b.get(gram) ?? 0);
  return shared;
}

/** Length of the longest common subsequence. */
export function commonSubsequence(a: readonly unknown[], b: readonly unknown[]): number {
  const lengths = new Int32Array(b.length + 1);
  for (const one of a) {
    let diagonal = 0;
    for (let j = 1; j <= b.length; j++) {
      const above = lengths[j];
      lengths[j] = one === b[j - 1] ? diagonal + 1 : Math.max(above, lengths[j - 1]);
      diagonal = above;
    }
  }
  return lengths[b.length];
}

/** Harmonic mean of precision and recall, as shared / total counts; 0 where there is nothing to count. */
export function f1(shared: number, of: number, ofReference: number): number {
  return of + ofReference === 0 ? 0 : (2 * shared) / (of + ofReference);
}
