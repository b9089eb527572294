/** A small language of list programs: words applied one after another, with no loops, a limit on steps and nothing to break out of. */

type Numbers = readonly number[];

const unique = (xs: Numbers) => [...new Set(xs)];

/** Words that turn a list into a list. */
const LIST_WORDS: Readonly<Record<string, (xs: Numbers) => Numbers>> = {
  abs: (xs) => xs.map(Math.abs),
  relu: (xs) => xs.map((x) => Math.max(0, x)),
  dedup: unique,
  dbl: (xs) => xs.map((x) => 2 * x),
  inc: (xs) => xs.map((x) => x + 1),
  rev: (xs) => xs.toReversed(),
  sortA: (xs) => xs.toSorted((a, b) => a - b),
  sortD: (xs) => xs.toSorted((a, b) => b - a),
};

/** Words that turn a list into a number; undefined where an empty list has none. */
const REDUCERS: Readonly<Record<string, (xs: Numbers) => number | undefined>> = {
  sum: (xs) => xs.reduce((a, b) => a + b, 0),
  max: (xs) => (xs.length === 0 ? undefined : Math.max(...xs)),
  min: (xs) => (xs.length === 0 ? undefined : Math.min(...xs)),
  head: (xs) => xs[0],
};

/** Words that give a number where the reduced list was empty. */
const GUARDS: Readonly<Record<string, number>> = { or0: 0, or1: 1 };

/** All words of the language. */
export const listWords: readonly string[] = [LIST_WORDS, REDUCERS, GUARDS].flatMap((words) =>
  Object.keys(words),
);

/** Steps that a program may take unless told otherwise: a word takes as many as its list is long, one at least. */
const MAX_STEPS = 200;

/** Words of a program. Throws an Error that names the first that is none. */
function wordsOf(program: string): string[] {
  const words = program.trim().split(/\s+/);
  const wrong = words.find((word) => !listWords.includes(word));
  if (wrong !== undefined)
    throw new Error(`${JSON.stringify(wrong)} is no word of the language: ${listWords.join(' ')}`);
  return words;
}

/** Whether a text is a program: at least one word, and no other text. It may still fail when run. */
export function isListProgram(program: string): boolean {
  const words = program.trim().split(/\s+/);
  return words.every((word) => listWords.includes(word));
}

/**
 * Runs words from left to right on a list of numbers: `dedup dbl sum` on 3 3 1 gives 8. `or0` and `or1` give 0 and 1 where
 * the list that was reduced just before is empty; `max`, `min` and `head` of an empty list fail without them. Throws an Error
 * that says what is wrong: an unknown word, a word where it makes no sense, no value, a number too large, too many steps.
 */
export function runListProgram(program: string, input: Numbers, maxSteps = MAX_STEPS): number | Numbers {
  let value: number | Numbers | undefined = input;
  let reduced: Numbers | undefined;
  let steps = 0;
  for (const word of wordsOf(program)) {
    steps += Math.max(1, Array.isArray(value) ? value.length : 1);
    if (steps > maxSteps) throw new Error(`${word}: more than ${maxSteps} steps`);
    if (Object.hasOwn(GUARDS, word)) {
      if (reduced === undefined) throw new Error(`${word}: nothing was reduced before it`);
      if (reduced.length === 0) value = GUARDS[word];
      continue;
    }
    if (!Array.isArray(value)) throw new Error(`${word}: expected a list, there is ${value ?? 'no value'}`);
    const list: Numbers = value;
    if (Object.hasOwn(REDUCERS, word)) {
      reduced = list;
      value = REDUCERS[word](list);
    } else value = LIST_WORDS[word](list);
  }
  if (value === undefined) throw new Error('an empty list has no such value');
  if ([value].flat().some((x) => !Number.isSafeInteger(x))) throw new Error('a number is too large');
  return value;
}

/** Numbers written one after another, with spaces or commas between them. Throws an Error that names what is no integer. */
export function parseNumbers(text: string): number[] {
  const words = text.split(/[\s,]+/).filter((word) => word !== '');
  const wrong = words.find((word) => !/^-?\d+$/.test(word));
  if (wrong !== undefined) throw new Error(`${JSON.stringify(wrong)} is no integer`);
  return words.map(Number);
}

/** Numbers with spaces between them. */
export function formatNumbers(value: number | Numbers): string {
  return [value].flat().join(' ');
}

/** Runs a program on an input as text, and gives what it makes as text. Throws as `runListProgram` does. */
export function listProgramOutput(program: string, input: string): string {
  return formatNumbers(runListProgram(program, parseNumbers(input)));
}
