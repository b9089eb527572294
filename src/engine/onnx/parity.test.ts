/** The two paths of every objective: fused into the model's graph, and on what `forward` returned. */
import { expect, it } from 'vitest';
import { grpo, ppoClip } from '../../objectives/index.ts';
import {
  add,
  array,
  grad,
  jit,
  mul,
  type NativeTensor,
  square,
  sum,
  type Tensor,
  type Tree,
} from '../../tensor/index.ts';
import type { Engine, ForwardOutput, Objective, ObjectiveInputs, TrainingBatch } from '../index.ts';
import { randomBatch, randomTokens, relativeGap, takeGradient, tinyEngine } from '../testing/engines.ts';

const K = 3;

/** Nonlinear in everything that `forward` can return. */
const everything: Objective = {
  name: 'everything',
  key: 'everything',
  needs: { entropy: true, values: true, candidates: K },
  data: ['returns'],
  scalars: ['strength'],
  evaluate({ logprobs, entropy, values, candidates, weight, data, scalars }) {
    const [e, v, c] = [entropy, values, candidates] as Tensor[];
    const own = add(mul(square(logprobs), data.returns), mul(square(add(v, 0.5)), e));
    const token = add(own, mul(sum(square(c), -1), scalars.strength));
    return { loss: sum(mul(weight, token)), metrics: {} };
  },
};

/** Loss Σ c · output over all outputs, c given: its gradient carries dLoss/dOutputs back into the model. */
function linear({ entropy, values, candidates }: Objective['needs']): Objective {
  return {
    name: 'linear',
    key: `linear ${entropy} ${values} ${candidates}`,
    needs: { entropy, values, candidates },
    data: [
      'dLogprobs',
      ...(entropy ? ['dEntropy'] : []),
      ...(values ? ['dValues'] : []),
      ...Array.from({ length: candidates ?? 0 }, (_, k) => `dCandidate${k}`),
    ],
    scalars: [],
    evaluate(inputs) {
      const { data } = inputs;
      let loss = sum(mul(inputs.logprobs, data.dLogprobs));
      if (inputs.entropy) loss = add(loss, sum(mul(inputs.entropy, data.dEntropy)));
      if (inputs.values) loss = add(loss, sum(mul(inputs.values, data.dValues)));
      if (inputs.candidates) {
        const [rows, length, k] = inputs.candidates.shape;
        for (let i = 0; i < k; i++) loss = add(loss, sum(mul(pick(inputs.candidates, i, rows, length), data[`dCandidate${i}`])));
      }
      return { loss, metrics: {} };
    },
  };
}
