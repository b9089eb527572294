/** NFT: maximum likelihood on right answers, and on wrong ones through the negative policy that the model implies. */
import { z } from 'zod';
import type { Objective } from '../engine/index.ts';
import {
  add,
  cast,
  clip,
  div,
  exp,
  greater,
  less,
  log,
  maximum,
  minimum,
  mul,
  neg,
  sqrt,
  stopGradient,
  sub,
  type Tensor,
  where,
} from '../tensor/index.ts';
import { importanceRatio, ratioMetrics } from './parts/ratio.ts';
import { regulariserOptions, regularisers } from './parts/regularisers.ts';
import { composeObjective, type LossTerm } from './parts/term.ts';

/** ω(q), by what it is of the group's success rate r̂. */
export const questionWeight = z.enum(['failure-rate', 'inverse-odds-root', 'uniform']);

export const nftOptions = z.strictObject({
  /** Weight of a question: 1 - r̂, sqrt((1 - r̂) / r̂), or 1. On policy the first is Dr. GRPO, the second GRPO. */
  questionWeight: questionWeight.default('failure-rate'),
  /** Weight of wrong answers: 1 is NFT, 0 learns from right answers only (rejection-sampling fine-tuning). */
  negativeWeight: z.number().min(0).default(1),
  /** ε: the likelihood ratio of a wrong answer under the negative policy counts as at least this. */
  floor: z.number().gt(0).default(1),
  ...regulariserOptions,
});

type NftOptions = z.output<typeof nftOptions>;

/** The official code keeps r̂ in this range, so that r̂ / (1 - r̂) stays bounded, and log R at most at 10. */
const SUCCESS_RATES: readonly [number, number] = [0.02, 0.98];
const MAX_LOG_RATIO = 10;

/** ω(q) of the clamped success rate. */
function weightOf(kind: NftOptions['questionWeight'], successRate: Tensor): Tensor | undefined {
  if (kind === 'uniform') return undefined;
  const failureRate = sub(1, successRate);
  return kind === 'failure-rate' ? failureRate : sqrt(div(failureRate, successRate));
}

/** log max_v(x, ε): the value of log max(x, ε), with the gradient 1 / max(x, ε) in x also below the floor. */
function flooredLog(x: Tensor, floor: number): Tensor {
  const floored = stopGradient(maximum(x, floor));
  return add(log(floored), div(sub(x, stopGradient(x)), floored));
}

/** The two branches of Eq. 10; metric `floorShare` counts wrong answers' tokens below the floor. */
function implicitNegatives({ questionWeight: kind, negativeWeight, floor }: NftOptions): LossTerm {
  return {
    data: ['advantages', 'oldLogprobs'],
    evaluate(inputs) {
      const { advantages, oldLogprobs } = inputs.data;
      const right = greater(advantages, 0);
      const wrong = less(advantages, 0);
      const successRate = clip(where(right, sub(1, advantages), neg(advantages)), ...SUCCESS_RATES);
      const logRatio = sub(inputs.logprobs, oldLogprobs);
      const ratio = exp(minimum(logRatio, MAX_LOG_RATIO));
      const negative = div(sub(1, mul(successRate, ratio)), sub(1, successRate));
      const likelihood = where(
        right,
        logRatio,
        where(wrong, mul(flooredLog(negative, floor), negativeWeight), 0),
      );
      const weight = weightOf(kind, successRate);
      return {
        loss: neg(weight ? mul(weight, likelihood) : likelihood),
        metrics: {
          ...ratioMetrics(inputs, importanceRatio(inputs, 'token')),
          floorShare: mul(cast(wrong, 'f32'), cast(less(negative, floor), 'f32')),
        },
      };
    },
  };
}

/**
 * loss = - Σ weight · ω(q) [ r log R_t + (1 - r) log max_v((1 - r̂ R_t) / (1 - r̂), ε) ] + β KL - c H,
 * with R_t = π(o_t) / π_old(o_t)
 *
 * Chen et al. 2025, "Bridging Supervised Learning and Reinforcement Learning in Math Reasoning" (NFT), Eq. 10; the bracket
 * is the likelihood ratio of the implicit negative policy π⁻ = (π_old - r̂ π) / (1 - r̂), whose maximum likelihood on wrong
 * answers has its optimum where π is the policy of right answers (Theorem 3.1). max_v floors the value and passes the
 * gradient straight through: an ordinary maximum would silence every wrong token with R_t ≥ 1 at ε = 1.
 *
 * Reads `oldLogprobs`, and `advantages` = r - r̂ with r in {0, 1} and r̂ the success rate of the whole group: its sign says
 * right or wrong, its size gives r̂ (clamped to [0.02, 0.98]); 0 is a group without variance and has no loss. The gradient in
 * log π is -ω for right tokens and ω r̂ R_t / (1 - r̂) / max(·, ε) for wrong ones, so it is damped where PPO's clip is silent.
 * The loss is 0 at R = 1 whatever the model can do: it tells nothing about progress.
 */
export function nft(options: z.input<typeof nftOptions> = {}): Objective {
  const parsed = nftOptions.parse(options);
  return composeObjective('nft', parsed, [implicitNegatives(parsed), ...regularisers(parsed)]);
}
