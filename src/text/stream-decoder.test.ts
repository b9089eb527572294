/** Tests of decoding token by token. */
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadTokenizer } from './load-tokenizer.ts';
import { StreamDecoder } from './stream-decoder.ts';
import { symbolTokenizer } from './symbol-tokenizer.ts';

const fixture = (name: string) => loadTokenizer(join(import.meta.dirname, 'fixtures', name));

describe('StreamDecoder', () => {
  it.each(['byte-level', 'sentencepiece'])('joins to the decoded text: %s', async (name) => {
    const tokenizer = await fixture(name);
    const text = fc.string({
      unit: fc.constantFrom('The', ' fox', ' ', 'é', '日', '🙂', '👩‍👧', '\n', '<|end|>', 'Ж'),
    });
    fc.assert(
      fc.property(text, fc.boolean(), (value, skipSpecial) => {
        const ids = tokenizer.encode(value);
        const decoder = new StreamDecoder(tokenizer, { skipSpecial });
        const pieces = ids.map((id) => decoder.push(id));
        for (const piece of pieces) expect(piece).not.toContain('\uFFFD');
        expect(pieces.join('') + decoder.flush()).toBe(tokenizer.decode(ids, { skipSpecial }));
      }),
      { numRuns: 300 },
    );
  });

  it('joins to the decoded text on arbitrary, also broken, byte-level tokens', async () => {
    const tokenizer = await fixture('byte-level');
    fc.assert(
      fc.property(fc.array(fc.nat(tokenizer.vocabSize - 1), { maxLength: 20 }), (ids) => {
        const decoder = new StreamDecoder(tokenizer);
        const streamed = ids.map((id) => decoder.push(id)).join('') + decoder.flush();
        expect(streamed).toBe(tokenizer.decode(ids));
      }),
      { numRuns: 500 },
    );
  });

  it('waits for the last byte of a character', async () => {
    const tokenizer = await fixture('byte-level');
    const ids = tokenizer.encode('∑');
    expect(ids.length).toBe(3);
    const decoder = new StreamDecoder(tokenizer);
    expect(ids.map((id) => decoder.push(id))).toEqual(['', '', '∑']);
    decoder.push(ids[0]);
    expect(decoder.flush()).toBe('\uFFFD');
    expect(decoder.flush()).toBe('');
  });

  it('gives each symbol at once', () => {
    const tokenizer = symbolTokenizer(['a', ' AH']);
    const decoder = new StreamDecoder(tokenizer);
    expect(tokenizer.encode('a AHa').map((id) => decoder.push(id))).toEqual(['a', ' AH', 'a']);
  });
});
