/** Gradients taken from the engine: the same as the optimiser would use, added up, and gone afterwards. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { largestGap } from '../../nn/testing/fixtures.ts';
import { crossEntropy, grpo } from '../../objectives/index.ts';
import type { Engine } from '../engine.ts';
import { randomBatch, tinyEngine } from '../testing/engines.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await tinyEngine('llama');
});
afterAll(() => engine.dispose());

it('gives the sum of the gradients since the last step, whose norm the optimiser would report', async () => {
  const [one, two] = [randomBatch([9, 20]), randomBatch([14], 1)];
  await engine.forwardBackward(one, grpo());
  const first = await engine.takeGradient();
  await engine.forwardBackward(two, crossEntropy());
  const second = await engine.takeGradient();
  await engine.forwardBackward(one, grpo());
  await engine.forwardBackward(two, crossEntropy());
  const both = await engine.takeGradient();
  expect(
    largestGap(
      both,
      first.map((g, i) => g + second[i]),
    ),
  ).toBeLessThan(1e-6);
  await engine.forwardBackward(one, grpo());
  const { gradNorm } = await engine.optimStep({ learningRate: 0 });
  expect(gradNorm).toBeCloseTo(Math.sqrt(first.reduce((sum, g) => sum + g * g, 0)), 4);
});

it('leaves nothing behind, for the optimiser or itself', async () => {
  await engine.forwardBackward(randomBatch([9]), grpo());
  await engine.takeGradient();
  await expect(engine.optimStep({ learningRate: 1e-3 })).rejects.toThrow(/no gradient has accumulated/);
  await expect(engine.takeGradient()).rejects.toThrow(/takeGradient: no gradient has accumulated/);
});
