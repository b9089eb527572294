/** Losses, gradients and clip shares against PyTorch: the papers' formulas in autograd, and TRL's own trainers. */
import { describe, expect, it } from 'vitest';
import { createObjective, lossWeights } from './index.ts';
import { evaluate } from './testing/evaluate.ts';
import { aggregationOf, configOf, type FixtureArray, readFixtures, rowsOf } from './testing/fixtures.ts';

function expectClose(got: readonly number[], wanted: readonly number[], tolerance = 2e-6) {
  expect(got).toHaveLength(wanted.length);
  got.forEach((x, i) => {
    expect(Math.abs(x - wanted[i]), `entry ${i}: ${x} against ${wanted[i]}`).toBeLessThanOrEqual(
      tolerance * Math.max(1, Math.abs(wanted[i])),
    );
  });
}

describe.each(['direct', 'trl'] as const)('%s', (source) => {
  const { batch, losses } = readFixtures(source);
  const rows = (x: FixtureArray) => rowsOf(x, batch.length);
  const zeros = rows({ shape: [batch.rows], data: new Array<number>(batch.rows).fill(0) });
  it.each(losses)('$name', async (testCase) => {
    const mask = rows(batch.masks[testCase.mask]);
    const logprobs = rows(batch.arrays.logprobs);
    const objective = createObjective(configOf(testCase));
    const result = await evaluate(objective, {
      logprobs,
      entropy: rows(batch.arrays.entropies),
      values: rows(batch.arrays.values),
      mask,
      weight: lossWeights(mask, aggregationOf(testCase), { maxLength: batch.maxLength }),
      data: {
        advantages: testCase.advantages ? rows(testCase.advantages) : zeros,
        oldLogprobs: testCase.onPolicy ? logprobs : rows(batch.arrays.oldLogprobs),
        referenceLogprobs: rows(batch.arrays.refLogprobs),
        oldValues: rows(batch.arrays.oldValues),
        returns: testCase.returns ? rows(testCase.returns) : zeros,
      },
    });
    expectClose([result.loss], [testCase.loss]);
    expectClose(result.gradients.logprobs, testCase.gradients.logprobs.data);
    const { values, entropies } = testCase.gradients;
    if (objective.needs.values) expectClose(result.gradients.values ?? [], values?.data ?? []);
    if (objective.needs.entropy) expectClose(result.gradients.entropy ?? [], entropies?.data ?? []);
    const { clipFraction } = testCase.metrics;
    if (clipFraction !== undefined) expectClose([result.metrics.clipShare], [clipFraction]);
  });
});
