/** A token budget: where it ends a method, and that it is remembered over a pause. */
import { describe, expect, it } from 'vitest';
import { methodTable } from '../../training/index.ts';
import { ToyRun, toyRecipe } from '../../training/testing/fixture.ts';
import { grpo } from '../grpo/method.ts';
import { withTokenBudget } from './token-budget.ts';

const stage = { method: 'grpo', steps: 12, learningRate: 0.1, promptsPerStep: 4, groupSize: 4 };

async function run(budget: number, stopAfter?: number) {
  const setup = await ToyRun.open({ methods: methodTable([withTokenBudget(grpo, budget)]) });
  const recipe = toyRecipe([stage]);
  if (stopAfter !== undefined) {
    const stop = new AbortController();
    await setup.train(recipe, {
      signal: stop.signal,
      onEvent: ({ type, step }) => {
        if (type === 'step.finished' && step === stopAfter) stop.abort();
      },
    });
  }
  await setup.train(recipe, { resume: stopAfter !== undefined });
  const metrics = await setup.metrics();
  const table = setup.engine.table.slice();
  await setup.close();
  return { metrics, table };
}

describe('withTokenBudget', () => {
  it('stops learning where the budget is used up, within half a step', async () => {
    const { metrics } = await run(300);
    const sampled = metrics['tokens.sampled'].values;
    expect(sampled.length).toBeLessThan(12);
    const spent = sampled.reduce((a, b) => a + b, 0);
    expect(Math.abs(spent - 300)).toBeLessThanOrEqual(Math.max(...sampled) / 2);
    expect(metrics['tokens.spent'].values).toHaveLength(12);
    expect(metrics['tokens.spent'].values.at(-1)).toBe(spent);
    expect(metrics.updates.values.slice(sampled.length)).toEqual(Array(12 - sampled.length).fill(0));
  });

  it('goes on with what it had spent', async () => {
    expect(await run(300, 3)).toEqual(await run(300));
  });

  it('refuses nothing to spend', () => {
    expect(() => withTokenBudget(grpo, 0)).toThrow(/tokens is 0/);
  });
});
