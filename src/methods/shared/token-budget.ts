/** Ends what a method does when it has sampled so many tokens: comparisons at equal cost. */
import type { Json } from '../../curricula/index.ts';
import type { Method, MethodStep } from '../../training/index.ts';

/** Tokens that a step sampled for learning: those of its attempts, and those that the method says were forced. */
export function tokensOf({ groups = [], metrics }: MethodStep): number {
  const trajectories = groups.flatMap((group) => group.trajectories);
  const attempts = trajectories.reduce((sum, { lossMask }) => sum + lossMask.reduce((a, b) => a + b, 0), 0);
  return attempts + (metrics['tokens.forced'] ?? 0);
}

interface Spent {
  spent: number;
  last: number;
  inner: Json;
}

/**
 * The method, which does nothing more in a stage once another step like the last would overshoot `tokens` by more than half
 * of it: what is spent then differs from the budget by half a step at most, if steps are alike. Steps after that sample
 * and learn nothing. The metric `tokens.spent` says how much has been used. Throws a RangeError unless `tokens` is above 0.
 */
export function withTokenBudget(method: Method, tokens: number): Method {
  if (!(tokens > 0)) throw new RangeError(`withTokenBudget: tokens is ${tokens}, expected above 0`);
  return {
    ...method,
    create(config, context) {
      const instance = method.create(config, context);
      let spent = 0;
      let last = 0;
      return {
        ...instance,
        async step(step) {
          if (spent + last / 2 >= tokens) return { updates: [], metrics: { 'tokens.spent': spent } };
          const made = await instance.step(step);
          last = tokensOf(made);
          spent += last;
          return { ...made, metrics: { ...made.metrics, 'tokens.spent': spent } };
        },
        state: () => ({ spent, last, inner: instance.state() }),
        restore(state) {
          const known = state as unknown as Spent;
          spent = known.spent;
          last = known.last;
          instance.restore(known.inner);
        },
      };
    },
  };
}
