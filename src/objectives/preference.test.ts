/** Preference losses: known values, the gradient of whole pairs from rows apart, and the optimum that theory says. */
import { describe, expect, it } from 'vitest';
import { lossWeights, preference } from './index.ts';
import { type Batch, evaluate } from './testing/evaluate.ts';

/** Pairs of one-token completions by their log-probabilities [winner, loser] and the reference's. */
function pairs(own: [number, number][], reference: [number, number][]): Batch {
  const flat = (list: [number, number][]) => list.flat().map((x) => [x]);
  const logprobs = flat(own);
  const mask = logprobs.map(() => [1]);
  const ratios = own.map(([w, l], i) => [w - reference[i][0], l - reference[i][1]]);
  return {
    logprobs,
    mask,
    weight: lossWeights(mask, 'sequence-mean'),
    data: {
      referenceLogprobs: flat(reference),
      side: own.flatMap(() => [[1], [-1]]),
      partnerLogRatio: ratios.flatMap(([w, l]) => [[l], [w]]),
    },
  };
}

describe('preference', () => {
  it('is log 2 and pulls with β / 2 where nothing has moved', async () => {
    const start: [number, number][] = [
      [-1, -2],
      [-3, -0.5],
    ];
    const { loss, gradients } = await evaluate(preference({ beta: 0.4 }), pairs(start, start));
    expect(loss).toBeCloseTo(Math.log(2), 6);
    expect(gradients.logprobs).toEqual([-0.1, 0.1, -0.1, 0.1].map((x) => expect.closeTo(x, 6)));
  });

  it('has the gradient of the mean over pairs, which fades as the margin grows', async () => {
    const own: [number, number][] = [
      [-1, -4],
      [-2, -1],
    ];
    const { gradients } = await evaluate(
      preference({ beta: 0.5 }),
      pairs(own, [
        [-2, -2],
        [-2, -2],
      ]),
    );
    const slope = (h: number) => (0.5 * 0.5) / (1 + Math.exp(0.5 * h));
    expect(gradients.logprobs).toEqual(
      [-slope(3), slope(3), -slope(-1), slope(-1)].map((x) => expect.closeTo(x, 6)),
    );
  });

  it('stops at a margin of 1 / (2β) with ipo, and comes back from beyond', async () => {
    const at = async (margin: number) => {
      const batch = pairs([[margin - 3, -3]], [[-3, -3]]);
      return await evaluate(preference({ loss: 'ipo', beta: 0.1 }), batch);
    };
    const there = await at(5);
    expect(there.loss).toBeCloseTo(0, 5);
    expect(there.gradients.logprobs.map(Math.abs)).toEqual([expect.closeTo(0, 5), expect.closeTo(0, 5)]);
    expect((await at(2)).gradients.logprobs[0]).toBeCloseTo(-6, 4);
    expect((await at(6)).gradients.logprobs[0]).toBeCloseTo(2, 4);
  });

  it('is least where the preferences are those of π_ref exp(r / β): its own definition', async () => {
    // Two answers, rewards 0.3 and 0; labels by Bradley and Terry, in expectation.
    const beta = 0.2;
    const chance = 1 / (1 + Math.exp(-0.3));
    const reference = [0.3, 0.7].map(Math.log);
    let z = 0;
    for (let step = 0; step < 300; step++) {
      const own = [z, 0].map((x) => x - Math.log(Math.exp(z) + 1));
      const batch = pairs(
        [
          [own[0], own[1]],
          [own[1], own[0]],
        ],
        [
          [reference[0], reference[1]],
          [reference[1], reference[0]],
        ],
      );
      const weight = [chance, chance, 1 - chance, 1 - chance].map((x) => [x / 2]);
      const { gradients } = await evaluate(preference({ beta }), { ...batch, weight });
      const [a, b, c, d] = gradients.logprobs;
      const p = Math.exp(own[0]);
      // ∂ log p_0 / ∂z = 1 - p, ∂ log p_1 / ∂z = -p.
      z -= 20 * ((a + d) * (1 - p) - (b + c) * p);
    }
    expect(z - (reference[0] - reference[1])).toBeCloseTo(0.3 / beta, 3);
  });
});
