import { describe, expect, it } from 'vitest';
import { largestGap } from '../../nn/testing/fixtures.ts';
import { rng } from '../../random/index.ts';
import {
  add,
  array,
  grad,
  intArray,
  type Jitted,
  jit,
  mul,
  type NativeTensor,
  square,
  sum,
  type Tensor,
} from '../../tensor/index.ts';
import { FRESH, VOCABULARY } from '../testing/engines.ts';
import { scoreTokens } from './scores.ts';

const TOKENS = 11;
const K = 2;
const WIDTH = FRESH.hiddenSize;

/** Scores, and gradients of a function of all of them with respect to hidden states and the head. */
function scorer(rows: number): Jitted {
  return jit(({ hidden, head, next, candidates }: Record<string, Tensor>) => {
    const model = { config: FRESH, parameters: { 'model.embed_tokens.weight': head } };
    const scores = scoreTokens(model, { hidden, next, candidates }, { entropy: true }, rows * VOCABULARY * 4);
    const { logprobs, entropy, candidates: chosen } = scores as Required<typeof scores>;
    const loss = sum(add(mul(square(logprobs), entropy), sum(square(chosen), -1)));
    const [hiddenGradient, headGradient] = grad(loss, [hidden, head]);
    return { ...(scores as unknown as Record<string, Tensor>), loss, hiddenGradient, headGradient };
  });
}

describe('scores over a vocabulary in pieces', () => {
  const draws = rng(2, 'scores');
  const normal = (count: number) => Float32Array.from({ length: count }, () => draws.normal());
  const ids = (count: number) => Int32Array.from({ length: count }, () => draws.int(VOCABULARY));
  const inputs = {
    hidden: array(normal(TOKENS * WIDTH), [TOKENS, WIDTH]),
    head: array(normal(VOCABULARY * WIDTH), [VOCABULARY, WIDTH]),
    next: intArray(ids(TOKENS), [TOKENS]),
    candidates: intArray(ids(TOKENS * K), [TOKENS, K]),
  };

  it.each([1, 4, 10])(
    'are those of all tokens at once, and their gradients, with %i tokens a piece',
    async (rows) => {
      const whole = (await scorer(TOKENS)(inputs)) as Record<string, NativeTensor>;
      const parted = (await scorer(rows)(inputs)) as Record<string, NativeTensor>;
      expect(Object.keys(parted)).toEqual(Object.keys(whole));
      for (const [name, { data, shape }] of Object.entries(whole)) {
        const [ours, theirs] = [parted[name].data as Float32Array, data as Float32Array];
        const scale = Math.max(...theirs.map(Math.abs));
        expect(parted[name].shape).toEqual(shape);
        expect(scale, name).toBeGreaterThan(0.1);
        expect(largestGap(ours, theirs) / scale, name).toBeLessThan(1e-5);
      }
    },
  );
});
