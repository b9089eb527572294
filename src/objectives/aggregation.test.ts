/** Aggregation: what the weights of each kind sum to, and the errors. */
import { describe, expect, it } from 'vitest';
import { lossWeights } from './aggregation.ts';

const masks = [
  [1, 1, 0, 1],
  [0, 0],
  [0, 1],
];

describe('lossWeights', () => {
  it('gives every token the same share for token-mean', () => {
    expect(lossWeights(masks, 'token-mean')).toEqual([
      [1 / 4, 1 / 4, 0, 1 / 4],
      [0, 0],
      [0, 1 / 4],
    ]);
  });
  it('gives every sequence the same share for sequence-mean, also the empty one', () => {
    expect(lossWeights(masks, 'sequence-mean')).toEqual([
      [1 / 9, 1 / 9, 0, 1 / 9],
      [0, 0],
      [0, 1 / 3],
    ]);
  });
  it('averages over as many sequences as it is told', () => {
    expect(lossWeights(masks, 'sequence-sum', { sequences: 2 })[0]).toEqual([1 / 2, 1 / 2, 0, 1 / 2]);
  });
  it('divides by a constant for constant-length', () => {
    expect(lossWeights(masks, 'constant-length', { maxLength: 8 })[2]).toEqual([0, 1 / 24]);
  });
  it('gives zeros when nothing is masked in', () => {
    expect(lossWeights([[0, 0]], 'token-mean')).toEqual([[0, 0]]);
  });
  it('names what is missing or wrong', () => {
    expect(() => lossWeights(masks, 'constant-length')).toThrow('maxLength is undefined');
    expect(() => lossWeights(masks, 'token-mean', { sequences: 0 })).toThrow('sequences is 0');
  });
});
