/** The rule that puts a task in a split: the hash of its key, so that it never depends on a seed or an order. */
import { createHash } from 'node:crypto';
import type { Split } from '../types/index.ts';

/** Shares of the held-out splits, each in [0, 1); the rest is for training. */
export interface SplitShares {
  validation: number;
  test: number;
}

/** The first 48 bits of the SHA-256 of a text (UTF-8, big-endian), as a fraction in [0, 1). */
export function hashFraction(key: string): number {
  return createHash('sha256').update(key).digest().readUIntBE(0, 6) / 2 ** 48;
}

/** The split of a hash fraction u: validation where u < v, test where v <= u < v + t, else train. */
export function splitOfFraction(u: number, { validation, test }: SplitShares): Split {
  if (u < validation) return 'validation';
  return u < validation + test ? 'test' : 'train';
}

/** The split of a task by its key (its prompt in a canonical form). */
export function splitOf(key: string, shares: SplitShares): Split {
  return splitOfFraction(hashFraction(key), shares);
}
