/** Texts as the units that similarity counts. */

/** Words and single punctuation marks, as they are written. */
export const wordsAndMarks = (text: string): string[] =>
  text.match(/[\p{L}\p{N}_]+|[^\s\p{L}\p{N}_]/gu) ?? [];

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

/** Harmonic mean of precision and recall, as shared / total counts; 1 where both texts are empty. */
export function f1(shared: number, of: number, ofReference: number): number {
  if (of + ofReference === 0) return 1;
  return (2 * shared) / (of + ofReference);
}
