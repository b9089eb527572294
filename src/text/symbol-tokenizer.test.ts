/** Tests of the symbol tokenizer: round trips, equality with the library, clear errors, speed. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { libraryTokenizer } from './library-tokenizer.ts';
import { symbolTokenizer, tokenizerFromFiles } from './symbol-tokenizer.ts';

const TRICKY = [
  'a',
  'b',
  'ab',
  'abc',
  ' ',
  ' AH',
  ' A',
  '.',
  '*',
  '(',
  ')',
  '[',
  ']',
  '^',
  '$',
  '|',
  '\\',
  '\n',
  '😀',
  'é',
];
const specials = ['<pad>', '<eos>', '<bos>'];

describe('symbolTokenizer', () => {
  it('gives one token a symbol, after the special tokens', () => {
    const tokenizer = symbolTokenizer(['x', ' AH', '+']);
    expect(tokenizer.encode('x AH+')).toEqual([2, 3, 4]);
    expect([tokenizer.padId, tokenizer.eosId, tokenizer.bosId, tokenizer.vocabSize]).toEqual([
      0,
      1,
      undefined,
      5,
    ]);
    expect(tokenizer.tokenToId(' AH')).toBe(3);
    expect(tokenizer.tokenToId('AH')).toBeUndefined();
  });

  it('takes the longest symbol at each place', () => {
    const tokenizer = symbolTokenizer(['a', 'b', 'ab', 'abb']);
    expect(tokenizer.encode('abba').map((id) => tokenizer.decode([id]))).toEqual(['abb', 'a']);
  });

  it('round-trips and equals the library on any text of its symbols and specials', () => {
    for (const bos of [false, true]) {
      const tokenizer = symbolTokenizer(TRICKY, { bos });
      const library = libraryTokenizer(tokenizer.files());
      const pieces = fc.array(fc.constantFrom(...TRICKY, ...specials.slice(0, bos ? 3 : 2)), {
        maxLength: 30,
      });
      fc.assert(
        fc.property(pieces, fc.boolean(), (parts, addSpecialTokens) => {
          const text = parts.join('');
          const ids = tokenizer.encode(text, { addSpecialTokens });
          expect(ids).toEqual(library.encode(text, { addSpecialTokens }));
          for (const skipSpecial of [true, false])
            expect(tokenizer.decode(ids, { skipSpecial })).toBe(library.decode(ids, { skipSpecial }));
          const plain = parts.filter((part) => !specials.includes(part)).join('');
          expect(tokenizer.decode(tokenizer.encode(plain))).toBe(plain);
        }),
        { numRuns: 300 },
      );
      expect({ ...tokenizer, encode: 0, decode: 0, tokenToId: 0, files: 0 }).toEqual({
        ...library,
        encode: 0,
        decode: 0,
        tokenToId: 0,
        files: 0,
      });
    }
  });

  it('names the character it does not know', () => {
    const tokenizer = symbolTokenizer(['1', '2', '+']);
    expect(() => tokenizer.encode('1+x')).toThrow(
      /character "x" \(U\+0078\) at position 2 of "1\+x".*its symbols are: 1 2 \+/,
    );
    expect(() => tokenizer.encode('1😀')).toThrow(/"😀" \(U\+1F600\)/);
  });

  it('refuses bad symbol lists', () => {
    expect(() => symbolTokenizer([])).toThrow(/list is empty/);
    expect(() => symbolTokenizer(['a', ''])).toThrow(/symbols\[1\] is ""/);
    expect(() => symbolTokenizer(['a', 'a'])).toThrow(/symbols\[1\] is "a", which is listed twice/);
    expect(() => symbolTokenizer(['<eos>'])).toThrow(/special token <eos>/);
    expect(() => symbolTokenizer(['\uD83D'])).toThrow(/surrogate/);
  });

  it('decodes ids beyond the vocabulary to nothing and refuses what is no id', () => {
    const tokenizer = symbolTokenizer(['a']);
    expect(tokenizer.decode([2, 99, 2])).toBe('aa');
    expect(() => tokenizer.decode([-1])).toThrow(/token id -1/);
    expect(() => tokenizer.decode([1.5])).toThrow(/token id 1.5/);
  });

  it('is found again from its files, with fields in another order, and only then', () => {
    const files = symbolTokenizer(['a', 'b', 'ab'], { bos: true }).files();
    const json = JSON.parse(files['tokenizer.json']);
    const reordered = {
      'tokenizer.json': JSON.stringify(Object.fromEntries(Object.entries(json).reverse())),
    };
    expect(() => tokenizerFromFiles({ ...files, ...reordered }).encode('x')).toThrow(/begins no symbol/);
    json.normalizer = { type: 'Lowercase' };
    const other = tokenizerFromFiles({ ...files, 'tokenizer.json': JSON.stringify(json) });
    expect(other.encode('AB')).toEqual(other.encode('ab'));
  });

  it('encodes and decodes 10 000 short strings in well under a second', () => {
    const symbols = [...'0123456789+-*/()=,;:# '];
    const tokenizer = symbolTokenizer(symbols);
    const texts = Array.from(
      { length: 10_000 },
      (_, i) => `${i}*${i % 97}-(${i % 13}+7)=${i * 7},3*5=15,15+${i}=${i + 15}#`,
    );
    const start = performance.now();
    for (const text of texts) if (tokenizer.decode(tokenizer.encode(text)) !== text) throw new Error(text);
    const ms = performance.now() - start;
    expect(ms).toBeLessThan(900);
  });
});
