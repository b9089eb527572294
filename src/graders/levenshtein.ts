/** Edit distance between sequences. */

/**
 * The least number of insertions, deletions and substitutions that turn one sequence into the other (Levenshtein,
 * 1966). Elements are compared with ===. Time is the product of the lengths.
 */
export function levenshtein(a: readonly unknown[], b: readonly unknown[]): number {
  const row = new Uint32Array(b.length + 1).map((_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    let diagonal = row[0];
    row[0] = i;
    for (let j = 1; j <= b.length; j++) {
      const above = row[j];
      const substituted = diagonal + (a[i - 1] === b[j - 1] ? 0 : 1);
      row[j] = Math.min(substituted, above + 1, row[j - 1] + 1);
      diagonal = above;
    }
  }
  return row[b.length];
}
