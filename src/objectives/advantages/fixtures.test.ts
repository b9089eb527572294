/** Advantage estimators and token rewards against PyTorch: the papers' formulas, and TRL's trainers. */
import { describe, expect, it } from 'vitest';
import { klPenalty } from '../parts/kl.ts';
import { type AdvantageCase, type FixtureArray, readFixtures, rowsOf } from '../testing/fixtures.ts';
import { tokenRewards } from '../token-rewards.ts';
import { estimateAdvantages, gae, whiten } from './index.ts';

function expectClose(got: readonly number[], wanted: readonly number[]) {
  expect(got).toHaveLength(wanted.length);
  got.forEach((x, i) => {
    expect(x).toBeCloseTo(wanted[i], 7);
  });
}

describe.each(['direct', 'trl'] as const)('%s', (source) => {
  const { batch, advantages, tokenRewards: tokenRewardCases = [] } = readFixtures(source);
  const rows = (x: FixtureArray) => rowsOf(x, batch.length);
  const old = rows(batch.arrays.oldLogprobs);
  const reference = rows(batch.arrays.refLogprobs);

  function byGroup({ estimator, settings, rewards }: AdvantageCase): number[] {
    const kl = settings.klInReward;
    const mask = rows(batch.masks.mask);
    const penalised = rewards.data.map((r, i) => {
      const penalty = kl ? klPenalty(old[i], reference[i], kl.estimator, mask[i]) : [];
      return r - (kl?.beta ?? 0) * penalty.reduce((sum, x) => sum + x, 0);
    });
    const groups = Array.from({ length: batch.rows / batch.groupSize }, (_, g) =>
      penalised.slice(g * batch.groupSize, (g + 1) * batch.groupSize),
    );
    if (estimator === 'leaveOneOut')
      return estimateAdvantages(groups, { name: 'leave-one-out' }).advantages.flat();
    if (estimator === 'batchMeanBaseline')
      return estimateAdvantages(groups, { name: 'reinforce' }).advantages.flat();
    const normalisation = settings.normalisation ?? 'none';
    return estimateAdvantages(groups, {
      name: 'group',
      normalise: ({ none: 'none', batchSample: 'batch-std', population: 'std', sample: 'std' } as const)[
        normalisation
      ],
      ddof: normalisation === 'population' ? 0 : 1,
      epsilon: settings.epsilon,
    }).advantages.flat();
  }

  it.each(advantages.filter(({ estimator }) => estimator !== 'gae'))('$name', (testCase) => {
    expectClose(byGroup(testCase), testCase.advantages.data);
  });

  const critic = advantages.filter(({ estimator }) => estimator === 'gae');
  it.runIf(source === 'direct').each(critic)('$name', ({ settings, rewards, mask: name, ...wanted }) => {
    const mask = rows(batch.masks[name ?? 'mask']);
    const values = rows(batch.arrays.oldValues);
    const results = rows(rewards).map((r, i) =>
      gae({
        rewards: r,
        values: values[i],
        mask: mask[i],
        gamma: settings.gamma ?? 1,
        lambda: settings.lambda ?? 1,
      }),
    );
    const plain = results.map((result) => result.advantages);
    const ddof = settings.whiten === 'sample' ? 1 : 0;
    const final = settings.whiten === 'none' ? plain : whiten(plain, mask, { ddof });
    expectClose(final.flat(), wanted.advantages.data);
    expectClose(
      results.flatMap((result) => result.returns),
      wanted.returns?.data ?? [],
    );
  });

  it.runIf(source === 'direct').each(tokenRewardCases)('$name', ({ settings, mask: name, rewards }) => {
    const mask = rows(batch.masks[name]);
    const got = mask.flatMap((m, i) =>
      tokenRewards({
        reward: batch.rewards.data[i],
        mask: m,
        kl: {
          logprobs: old[i],
          reference: reference[i],
          estimator: settings.estimator,
          coefficient: settings.beta,
        },
      }),
    );
    expectClose(got, rewards.data);
  });
});
