/** Checks of what callers hand to the engine, with errors that name the field, the value and what was expected. */

/** Throws a RangeError unless every entry is a token id of the vocabulary. */
export function checkTokens(name: string, tokens: ArrayLike<number>, vocabSize: number): void {
  for (let i = 0; i < tokens.length; i++) {
    const id = tokens[i];
    if (!Number.isInteger(id) || id < 0 || id >= vocabSize)
      throw new RangeError(
        `${name}[${i}]: got token id ${id}, expected an integer from 0 to ${vocabSize - 1}`,
      );
  }
}

/** Throws a RangeError unless every sequence has `least` to `most` tokens of the vocabulary. */
export function checkSequences(
  name: string,
  sequences: readonly (readonly number[])[],
  least: number,
  most: number,
  vocabSize: number,
): void {
  sequences.forEach((tokens, i) => {
    if (tokens.length < least || tokens.length > most)
      throw new RangeError(`${name}[${i}]: has ${tokens.length} tokens, expected ${least} to ${most}`);
    checkTokens(`${name}[${i}]`, tokens, vocabSize);
  });
}

/** Throws a RangeError unless there is one row a sequence, with `width` entries a token. */
export function checkRows(
  name: string,
  rows: readonly ArrayLike<number>[],
  sequences: readonly (readonly number[])[],
  width = 1,
): void {
  if (rows.length !== sequences.length)
    throw new RangeError(`${name}: has ${rows.length} rows, expected ${sequences.length}, one a sequence`);
  rows.forEach((row, i) => {
    const expected = sequences[i].length * width;
    if (row.length !== expected)
      throw new RangeError(`${name}[${i}]: has ${row.length} entries, expected ${expected}`);
  });
}

/** Throws a RangeError unless there are k candidate ids of the vocabulary at every token. */
export function checkCandidates(
  name: string,
  ids: readonly Int32Array[],
  k: number,
  sequences: readonly (readonly number[])[],
  vocabSize: number,
): void {
  if (!Number.isInteger(k) || k < 1)
    throw new RangeError(`${name}: k is ${k}, expected an integer of at least 1`);
  checkRows(name, ids, sequences, k);
  ids.forEach((row, i) => {
    checkTokens(`${name}[${i}]`, row, vocabSize);
  });
}
