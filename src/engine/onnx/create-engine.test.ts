import { describe, expect, it } from 'vitest';
import { fixtureFolder } from '../../nn/testing/fixtures.ts';
import { symbolTokenizer } from '../../text/index.ts';
import { FRESH, TOKENIZER } from '../testing/engines.ts';
import { createOnnxEngine, type OnnxEngineOptions } from './index.ts';

describe('createOnnxEngine', () => {
  const llama = fixtureFolder('llama');
  const many = symbolTokenizer(Array.from({ length: 200 }, (_, i) => String.fromCharCode(300 + i)));
  it.each<[string, OnnxEngineOptions, RegExp]>([
    ['a folder that is not there', { model: '/nowhere/model' }, /model folder \/nowhere\/model: there is no/],
    ['a folder without a tokenizer', { model: llama }, /no tokenizer in .*llama/],
    ['a fresh model without one', { model: FRESH }, /tokenizer: is missing; a fresh model needs one/],
    [
      'a tokenizer too large',
      { model: llama, tokenizer: many },
      /tokenizer: has 202 tokens, the model only 97/,
    ],
    [
      'a limit of 0',
      { model: llama, tokenizer: TOKENIZER, limits: { maxRows: 0 } },
      /limits\.maxRows: got 0, expected an integer of at least 1/,
    ],
    [
      'a limit that is no number',
      { model: llama, tokenizer: TOKENIZER, limits: { learnTokens: Number.NaN } },
      /limits\.learnTokens: got NaN/,
    ],
  ])('refuses %s', async (_, options, message) => {
    await expect(createOnnxEngine(options)).rejects.toThrow(message);
  });
});
