/** Bundles: sequences with the same prompt, laid out so that the prompt is read once for several of them. */

/** Sequences that are placed together: a common prefix once, then what follows it in each. */
export interface Bundle {
  /** Tokens of the common prefix; 0 for a sequence on its own. */
  shared: number;
  sequences: readonly number[];
  /** Tokens after the prefix, a sequence. */
  tails: readonly number[];
}

/** Tokens that a bundle takes in a row. */
export function bundleLength({ shared, tails }: Bundle): number {
  return tails.reduce((sum, tokens) => sum + tokens, shared);
}

/** Every sequence on its own. */
export function singly(lengths: readonly number[]): Bundle[] {
  return lengths.map((tokens, i) => ({ shared: 0, sequences: [i], tails: [tokens] }));
}

/**
 * Bundles of sequences that begin with the same tokens. Only tokens before the first scored one (mask above 0) are
 * shared, so each scored token keeps a place of its own. How many share a prefix is chosen by cost: a longer row saves
 * prefixes and costs attention (`attentionCost`, see `PackingOptions`). `longest` bounds a bundle's tokens. The result
 * depends on tokens and masks alone.
 */
export function bundlesOf(
  sequences: readonly (readonly number[])[],
  mask: readonly ArrayLike<number>[],
  options: { attentionCost: number; longest: number },
): Bundle[] {
  const groups = new Map<string, number[]>();
  sequences.forEach((tokens, i) => {
    const key = tokens.slice(0, unscored(mask[i], tokens.length)).join(' ');
    const group = groups.get(key);
    if (group) group.push(i);
    else groups.set(key, [i]);
  });
  const cost = (tokens: number) => tokens * (1 + options.attentionCost * tokens);
  const bundles: Bundle[] = [];
  for (const group of groups.values()) {
    const shared = unscored(mask[group[0]], sequences[group[0]].length);
    const tails = group.map((i) => sequences[i].length - shared);
    const alone = group.reduce((sum, i) => sum + cost(sequences[i].length), 0);
    const tail = tails.reduce((sum, tokens) => sum + tokens, 0) / group.length;
    let best = { cost: alone, size: 1 };
    for (let size = 2; shared > 0 && size <= group.length; size++) {
      const count = Math.ceil(group.length / size);
      const tokens = shared + (tail * group.length) / count;
      if (tokens <= options.longest && count * cost(tokens) < best.cost)
        best = { cost: count * cost(tokens), size };
    }
    const count = Math.ceil(group.length / best.size);
    for (let part = 0; part < count; part++) {
      const members = group.filter((_, at) => at % count === part);
      const own = members.length > 1 ? shared : 0;
      bundles.push({ shared: own, sequences: members, tails: members.map((i) => sequences[i].length - own) });
    }
  }
  return bundles;
}

/** Number of tokens before the first scored one, the last of which predicts it. */
function unscored(mask: ArrayLike<number>, length: number): number {
  let t = 0;
  // Entry 0 is never scored: no token is before it.
  while (t < length && (t === 0 || !(mask[t] > 0))) t++;
  return t;
}
