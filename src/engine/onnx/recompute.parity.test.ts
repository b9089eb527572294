/** Activations computed anew in the backward pass must give the gradients of stored ones. */
import { describe, expect, it } from 'vitest';
import { CHECKPOINTS } from '../../nn/testing/fixtures.ts';
import { ppoClip } from '../../objectives/index.ts';
import { randomBatch, relativeGap, takeGradient, tinyEngine } from '../testing/engines.ts';
import type { OnnxEngineOptions } from './index.ts';

const LENGTHS = [9, 30, 2, 17, 16, 45, 12];

describe.each(CHECKPOINTS)('recomputed = stored: %s, against stored activations', (name) => {
  it.each<[string, Partial<OnnxEngineOptions>]>([
    ['all weights', {}],
    ['adapters', { lora: { rank: 2, alpha: 4, targets: ['q_proj', 'v_proj', 'up_proj', 'down_proj'] } }],
  ])('training %s', async (_, options) => {
    const objective = ppoClip({ entropyCoefficient: 0.1 });
    const [first, second] = [randomBatch(LENGTHS), randomBatch(LENGTHS, 1)];
    const results = [];
    for (const recompute of [false, true]) {
      const engine = await tinyEngine(name, { valueHead: true, recompute, ...options });
      // A step first, so that adapters and value head are not zero.
      await engine.forwardBackward(first, objective);
      await engine.optimStep({ learningRate: 0.01 });
      const { loss } = await engine.forwardBackward(second, objective);
      results.push({ loss, gradient: await takeGradient(engine) });
      engine.dispose();
    }
    const [stored, again] = results;
    expect(stored.gradient.some((g) => Math.abs(g) > 1e-3)).toBe(true);
    expect(Math.abs(again.loss - stored.loss)).toBeLessThan(1e-6);
    expect(relativeGap(again.gradient, stored.gradient)).toBeLessThan(1e-6);
  });
});
