/** The declared reproduction: every metric it names is measured, and what is measured means what it says. */
import { describe, expect, it } from 'vitest';
import { createOnnxEngine } from '../../engine/index.ts';
import { pairSearch } from '../../environments/index.ts';
import { symbolTokenizer } from '../../text/index.ts';
import { freshConfig } from '../../training/index.ts';
import type { Environment } from '../../types/index.ts';
import { measureSearch } from './measure.ts';
import { reproduction } from './reproduction.ts';

describe('the reproduction of MRT', () => {
  it('measures every metric, task and curve that it declares', async () => {
    const environment = pairSearch({ testSize: 6 }) as Environment;
    const tokenizer = symbolTokenizer(environment.symbols);
    const shape = { hiddenSize: 16, layers: 1, heads: 2, maxPositions: 96 };
    const engine = await createOnnxEngine({ model: freshConfig(shape, tokenizer), tokenizer, seed: 1 });
    const options = { tasks: 6, samples: 2, forced: 2, maxTokens: 12, budget: 20, seed: 1 };
    const measure = () => measureSearch({ engine, tokenizer, environment, ...options });
    const result = await measure();
    expect(Object.keys(result.metrics).sort()).toEqual(Object.keys(reproduction.metrics).sort());
    expect(result.perTask?.regret).toHaveLength(6);
    expect(result.perTask?.passAt1).toHaveLength(6);
    // A model that knows nothing is hardly ever right: it regrets the whole budget.
    expect(result.metrics.regret).toBeGreaterThan(0.9);
    expect(result.curves?.anytime.x).toEqual([4, 8, 12, 16, 20]);
    expect(await measure()).toEqual(result);
    engine.dispose();
  });

  it('compares arms that differ in what they say, on seeds of their own', () => {
    const { arms, seeds, calibrationSeeds = [] } = reproduction;
    const settings = (name: string) => ({ ...arms[name].settings });
    expect({ ...settings('mrt'), alpha: 0 }).toEqual(settings('mrt-without-bonus'));
    for (const key of ['steps', 'promptsPerStep', 'groupSize', 'learningRate', 'tokens'])
      expect(settings('grpo')[key]).toBe(settings('mrt')[key]);
    expect(settings('length-penalty')).toEqual(settings('grpo'));
    expect(seeds).toHaveLength(5);
    expect(seeds.some((seed) => calibrationSeeds.includes(seed))).toBe(false);
  });
});
