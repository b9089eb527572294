/** One-token rollout: every position of a worked answer is an episode of one sampled token, rewarded by the token that is there. */
import { z } from 'zod';
import type { Objective } from '../engine/index.ts';
import {
  add,
  cast,
  equal,
  exp,
  logSumExp,
  mean,
  mul,
  neg,
  softmax,
  stopGradient,
  sub,
  sum,
  type Tensor,
} from '../tensor/index.ts';
import { composeObjective, type LossTerm, required } from './parts/term.ts';

export const oneTokenRolloutOptions = z.strictObject({
  /** K: candidate tokens a position. */
  candidates: z.int().min(1).default(256),
  /** β: reward of a candidate that is not the answer's token; one that is gets 1. */
  wrongReward: z.number().lt(1).default(-0.1),
  /**
   * Take the expectation over the policy at this temperature instead of sampled candidates, which must then be every token of the
   * vocabulary, once. Absent: candidates are samples.
   */
  expectationTemperature: z.number().gt(0).optional(),
});

type OneTokenOptions = z.output<typeof oneTokenRolloutOptions>;

/** Loss from the weight of the answer's token, and the weighted mean of all candidates' log-probabilities. */
const policyLoss = (logprobs: Tensor, hits: Tensor, all: Tensor, wrongReward: number) =>
  neg(add(mul(mul(hits, logprobs), 1 - wrongReward), mul(all, wrongReward)));

function sampledTerm({ candidates: k, wrongReward }: OneTokenOptions): LossTerm {
  return {
    needs: { candidates: k },
    data: ['hits'],
    evaluate({ logprobs, candidates, data: { hits } }) {
      const all = mean(required(candidates, 'candidates'), 2);
      return {
        loss: policyLoss(logprobs, hits, all, wrongReward),
        metrics: { hits, missed: cast(equal(hits, 0), 'f32'), nll: neg(logprobs) },
      };
    },
  };
}

function expectedTerm(k: number, wrongReward: number, temperature: number): LossTerm {
  return {
    needs: { candidates: k },
    data: [],
    evaluate({ logprobs, candidates }) {
      const every = required(candidates, 'candidates');
      const flattened = mul(every, 1 / temperature);
      const sampler = stopGradient(softmax(flattened));
      const hits = stopGradient(exp(sub(mul(logprobs, 1 / temperature), logSumExp(flattened))));
      const all = sum(mul(sampler, every), 2);
      return { loss: policyLoss(logprobs, hits, all, wrongReward), metrics: { hits, nll: neg(logprobs) } };
    },
  };
}

/**
 * loss = - Σ weight · (1/K) Σ_j R(a_j, x) log π(a_j),   R = 1 where a_j = x, else β
 *      = - Σ weight · [ (1 - β) (n/K) log π(x) + β (1/K) Σ_j log π(a_j) ]
 *
 * "One-Token Rollout: Guiding Supervised Fine-Tuning of LLMs with Policy Gradient" (2025, arXiv 2509.26313): x is the answer's
 * token, a_1..a_K are drawn from the policy at temperature κ without gradient, n is how many equal x. Reads `candidates`, and
 * `hits` = n/K. Metrics: `hits`, `missed` (share of tokens with n = 0, which teach nothing of x) and `nll`.
 *
 * With `expectationTemperature` = κ the mean over draws is replaced by its expectation under π' = softmax(log π / κ), detached;
 * at κ = 1 that gradient is (1 - β) times dynamic fine-tuning's, since Σ_a π(a) ∇ log π(a) = 0.
 */
export function oneTokenRollout(options: z.input<typeof oneTokenRolloutOptions> = {}): Objective {
  const parsed = oneTokenRolloutOptions.parse(options);
  const { candidates, wrongReward, expectationTemperature } = parsed;
  const term =
    expectationTemperature === undefined
      ? sampledTerm(parsed)
      : expectedTerm(candidates, wrongReward, expectationTemperature);
  return composeObjective('one-token-rollout', parsed, [term]);
}
