/** Texts written otherwise and back: transformations that keep the content of a prompt and change how it looks. */

/** A transformation of texts with its inverse: `invert(apply(text))` is `text`, for every text. */
export interface TextTransform {
  name: string;
  apply(text: string): string;
  invert(text: string): string;
}

/** Nothing changes: what other transformations are compared with. */
export const identityTransform: TextTransform = { name: 'identity', apply: (t) => t, invert: (t) => t };

/**
 * Puts `to[i]` in the place of `from[i]`, character by character, and leaves all other characters alone. Characters that only
 * `to` has take the places of those that only `from` has, in order, so that every text can be turned back: two alphabets
 * without a common character are swapped. Throws a RangeError unless both have as many characters, each once.
 */
export function substitution(name: string, from: string, to: string): TextTransform {
  const [source, target] = [[...from], [...to]];
  if (source.length !== target.length || source.length === 0)
    throw new RangeError(
      `substitution ${name}: ${source.length} and ${target.length} characters, expected as many and at least one`,
    );
  for (const [field, characters] of Object.entries({ from: source, to: target })) {
    const twice = characters.find((character, i) => characters.indexOf(character) !== i);
    if (twice !== undefined)
      throw new RangeError(`substitution ${name}: ${field} has ${JSON.stringify(twice)} twice`);
  }
  const onlySource = source.filter((character) => !target.includes(character));
  const onlyTarget = target.filter((character) => !source.includes(character));
  const pairs = [
    ...source.map((character, i) => [character, target[i]] as const),
    ...onlyTarget.map((character, i) => [character, onlySource[i]] as const),
  ];
  const forward = new Map(pairs);
  const backward = new Map(pairs.map(([a, b]) => [b, a]));
  const by = (map: ReadonlyMap<string, string>) => (text: string) =>
    Array.from(text, (character) => map.get(character) ?? character).join('');
  return { name, apply: by(forward), invert: by(backward) };
}

const LOWER = 'abcdefghijklmnopqrstuvwxyz';
const UPPER = LOWER.toUpperCase();
const turned = (alphabet: string) => alphabet.slice(13) + alphabet.slice(0, 13);

/** Letters as the digits that look like them, and those digits as the letters. */
export const leetspeak = substitution('leetspeak', 'oieast', '013457');

/** Each letter of a..z as the one thirteen further on. */
export const rot13 = substitution('rot13', LOWER + UPPER, turned(LOWER) + turned(UPPER));

/** Upper case for lower case and the other way round, a..z. */
export const swapCase = substitution('swap-case', LOWER, UPPER);

/** Ready-made transformations by name. */
export const textTransforms: ReadonlyMap<string, TextTransform> = new Map(
  [leetspeak, rot13, swapCase].map((transform) => [transform.name, transform]),
);
