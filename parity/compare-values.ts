/** How far two JSON values are apart: numbers by size, everything else exactly. */

export interface Comparison {
  /** Numbers compared. */
  numbers: number;
  /** Largest |made - committed| / max(1, |committed|). */
  difference: number;
  /** What else differs: the first place found. */
  problem?: string;
}

/** Versions of libraries, which may differ. */
const VERSIONS = new Set(['madeWith', 'torch', 'transformers', 'safetensors', 'transformers_version']);

/** Compares a value with the committed one; undefined stands for a file that is not there. */
export function compareValues(committed: unknown, made: unknown): Comparison {
  const result: Comparison = { numbers: 0, difference: 0 };
  const compare = (a: unknown, b: unknown, path: string): void => {
    if (typeof a === 'number' && typeof b === 'number') {
      result.numbers++;
      result.difference = Math.max(result.difference, Math.abs(b - a) / Math.max(1, Math.abs(a)));
    } else if (typeof a === 'object' && typeof b === 'object' && a !== null && b !== null) {
      const [left, right] = [a as Record<string, unknown>, b as Record<string, unknown>];
      for (const key of new Set([...Object.keys(left), ...Object.keys(right)]))
        if (!VERSIONS.has(key)) compare(left[key], right[key], `${path}.${key}`);
    } else if (a !== b) {
      const word = (x: unknown) => (x === undefined ? 'missing' : JSON.stringify(x).slice(0, 80));
      result.problem ??= `${path || 'the file'} is ${word(a)} in the repository and ${word(b)} when made again`;
    }
  };
  compare(committed, made, '');
  return result;
}
