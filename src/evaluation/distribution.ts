/** How spread out a model's outputs are over kinds (formats, answers), and whether they settle on one. */

/** Weights of a distribution as shares that add up to 1. Throws a RangeError on negative weights or a sum of 0. */
export function shares(weights: readonly number[]): number[] {
  const wrong = weights.find((weight) => !(weight >= 0 && weight < Infinity));
  if (wrong !== undefined)
    throw new RangeError(`shares: weight is ${wrong}, expected a finite number from 0`);
  const total = weights.reduce((a, b) => a + b, 0);
  if (total === 0) throw new RangeError('shares: the weights add up to 0, expected a positive sum');
  return weights.map((weight) => weight / total);
}

/** Shannon entropy in nats of counts or shares: 0 when all is one kind, ln n when n kinds are equally common. */
export function shannonEntropy(weights: readonly number[]): number {
  return shares(weights).reduce((sum, p) => (p === 0 ? sum : sum - p * Math.log(p)), 0);
}

/**
 * Jensen-Shannon divergence of two distributions over the same kinds, base 2: 0 when equal, 1 when they have no kind
 * in common (Lin 1991). Its square root is a distance. Throws a RangeError when the lengths differ, or as `shares` does.
 */
export function jensenShannon(a: readonly number[], b: readonly number[]): number {
  if (a.length !== b.length)
    throw new RangeError(`jensenShannon: ${a.length} and ${b.length} kinds, expected the same kinds`);
  const [p, q] = [shares(a), shares(b)];
  let sum = 0;
  for (let i = 0; i < p.length; i++) {
    const middle = (p[i] + q[i]) / 2;
    if (p[i] > 0) sum += (p[i] / 2) * Math.log2(p[i] / middle);
    if (q[i] > 0) sum += (q[i] / 2) * Math.log2(q[i] / middle);
  }
  return Math.min(1, Math.max(0, sum));
}

/** How a distribution over kinds moves over training. */
export interface Convergence {
  /** Index of the kind that is most common at the end. */
  winner: number;
  /** Its share at the end. */
  dominantShare: number;
  /** The largest share of any kind at each checkpoint. */
  largestShares: number[];
  /** Entropy in nats at each checkpoint. */
  entropies: number[];
  /** Jensen-Shannon divergence (base 2) of each checkpoint from the first. */
  fromStart: number[];
  /** First checkpoint at which one kind has at least `threshold`; undefined when none has. */
  convergedAt: number | undefined;
}

/**
 * Follows counts of kinds (columns) over checkpoints (rows): which kind wins, how far and when. The measures of collapse for
 * Zhao et al. 2025, "Echo Chamber: RL Post-training Amplifies Behaviors Learned in Pretraining". `threshold` in (0, 1],
 * 0.9 unless given. Throws a RangeError on no checkpoints, rows of different lengths, or as `shares` does.
 */
export function convergence(counts: readonly (readonly number[])[], threshold = 0.9): Convergence {
  if (counts.length === 0) throw new RangeError('convergence: no checkpoints, expected at least one');
  const rows = counts.map(shares);
  const largestShares = rows.map((row) => Math.max(...row));
  const last = rows[rows.length - 1];
  const winner = last.indexOf(Math.max(...last));
  const convergedAt = largestShares.findIndex((share) => share >= threshold);
  return {
    winner,
    dominantShare: last[winner],
    largestShares,
    entropies: rows.map(shannonEntropy),
    fromStart: rows.map((row) => jensenShannon(rows[0], row)),
    convergedAt: convergedAt === -1 ? undefined : convergedAt,
  };
}
