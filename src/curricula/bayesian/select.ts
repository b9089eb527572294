/** Chooses tasks by how near to a target their success rate is believed to be. */
import { betaVariate, type Rng } from '../../random/index.ts';
import type { Beliefs } from './beliefs.ts';

export interface SelectOptions {
  /** p*: the success rate that teaches most. */
  target: number;
  /** `thompson` draws each task's rate from what is believed of it; `greedy` takes the mean. */
  choose: 'thompson' | 'greedy';
  /** τ: 0 takes the best tasks; above, tasks are drawn without replacement by softmax(utility / τ). */
  temperature: number;
}

/**
 * `count` different tasks with the greatest utility -|p_k - p*|, equal ones in random order ("BOTS", arXiv 2510.26374).
 * Drawing without replacement adds Gumbel noise to the utilities and takes the greatest (Kool et al. 2019, "Stochastic
 * Beams and Where to Find Them").
 */
export function selectTasks(
  { a, b }: Beliefs,
  count: number,
  random: Rng,
  { target, choose, temperature }: SelectOptions,
): number[] {
  const scored = Array.from(a, (success, index) => {
    const failure = b[index];
    const rate = choose === 'greedy' ? success / (success + failure) : betaVariate(random, success, failure);
    const utility = -Math.abs(rate - target);
    const gumbel = temperature > 0 ? -Math.log(-Math.log(random.uniform() + 2 ** -33)) : 0;
    return {
      index,
      score: temperature > 0 ? utility / temperature + gumbel : utility,
      tie: random.uniform(),
    };
  });
  scored.sort((x, y) => y.score - x.score || x.tie - y.tie);
  return scored.slice(0, count).map(({ index }) => index);
}
