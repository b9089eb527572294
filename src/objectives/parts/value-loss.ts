/** The critic's term of PPO. */
import { z } from 'zod';
import { add, clip, maximum, mul, square, sub, type Tensor } from '../../tensor/index.ts';
import { type LossTerm, required } from './term.ts';

export const valueOptions = {
  /** Furthest a value may move from `oldValues` before its gain is ignored; absent: no clipping, `oldValues` not read. */
  valueClip: z.number().positive().optional(),
  /** Weight of the value loss. */
  valueCoefficient: z.number().min(0).default(0.5),
};

interface ValueOptions {
  valueClip?: number;
  valueCoefficient: number;
}

/**
 * + c · ½ max((V - R)², (clip(V, V_old ± ε) - R)²)
 *
 * Schulman et al. 2017, "Proximal Policy Optimization Algorithms", eq. 9; clipped values as in OpenAI Baselines' PPO2
 * (Engstrom et al. 2020, "Implementation Matters in Deep Policy Gradients", §3). Reads `returns`. Metric `valueLoss` is the
 * term without its coefficient.
 */
export function valueLoss({ valueClip, valueCoefficient }: ValueOptions): LossTerm {
  return {
    needs: { values: true },
    data: valueClip === undefined ? ['returns'] : ['returns', 'oldValues'],
    evaluate(inputs) {
      const values = required(inputs.values, 'values');
      const { returns, oldValues } = inputs.data;
      const plain = square(sub(values, returns));
      const error =
        valueClip === undefined ? plain : maximum(plain, clippedError(values, oldValues, returns, valueClip));
      const halved = mul(error, 0.5);
      return { loss: mul(halved, valueCoefficient), metrics: { valueLoss: halved } };
    },
  };
}

function clippedError(values: Tensor, oldValues: Tensor, returns: Tensor, bound: number): Tensor {
  return square(sub(add(oldValues, clip(sub(values, oldValues), -bound, bound)), returns));
}
