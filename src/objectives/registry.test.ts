/** Objectives by name: defaults, keys, and messages for what is unknown or wrong. */
import { describe, expect, it } from 'vitest';
import { createObjective, grpo, type ObjectiveConfig, objectiveNames } from './index.ts';

const create = (config: object) => createObjective(config as ObjectiveConfig);

describe('createObjective', () => {
  it('makes every objective from its name alone', () => {
    expect(objectiveNames.map((name) => create({ name }).name)).toEqual(objectiveNames);
    expect(objectiveNames).toEqual([
      'cross-entropy',
      'reinforce',
      'ppo-clip',
      'grpo',
      'cispo',
      'nft',
      'preference',
      'one-token-rollout',
      'dynamic-fine-tuning',
    ]);
  });
  it('makes the same objective as the factory', () => {
    const kl = { estimator: 'k2', coefficient: 0.1 } as const;
    expect(create({ name: 'grpo', kl, ratio: 'sequence' }).key).toBe(grpo({ ratio: 'sequence', kl }).key);
  });
  it('gives equal keys to equal options, whatever their order, and other keys to others', () => {
    expect(grpo({ clipLow: 0.1, clipHigh: 0.2 }).key).toBe(grpo({ clipHigh: 0.2, clipLow: 0.1 }).key);
    expect(grpo({ clipLow: 0.1 }).key).not.toBe(grpo({ clipLow: 0.11 }).key);
    expect(grpo({ kl: { coefficient: 0.1 } }).key).not.toBe(grpo({ kl: { coefficient: 0.2 } }).key);
  });
  it('asks for the data and outputs that its options read', () => {
    expect(create({ name: 'grpo' })).toMatchObject({ needs: {}, data: ['advantages', 'oldLogprobs'] });
    const full = create({
      name: 'ppo-clip',
      kl: { coefficient: 0 },
      entropyCoefficient: 0.01,
      valueClip: 0.2,
      truncatedImportance: 2,
    });
    expect(full.needs).toEqual({ values: true, entropy: true });
    expect([...full.data].sort()).toEqual([
      'advantages',
      'oldLogprobs',
      'oldValues',
      'referenceLogprobs',
      'returns',
      'samplerLogprobs',
    ]);
  });
  it('lists the names for an unknown one', () => {
    expect(() => create({ name: 'gpro' })).toThrow(
      'objective: name is "gpro", expected one of cross-entropy, reinforce, ppo-clip, grpo, cispo, nft, preference',
    );
    expect(() => create({})).toThrow('objective: name is undefined, expected one of');
  });
  it('lists the options for an unknown one, also inside', () => {
    expect(() => create({ name: 'cispo', clip: 0.2 })).toThrow(
      'objective cispo: unknown option clip; options are clipLow, clipHigh, kl, entropyCoefficient,',
    );
    expect(() => create({ name: 'grpo', kl: { coefficient: 1, beta: 1 } })).toThrow(
      'objective grpo: unknown option kl.beta; options are estimator, coefficient, importanceWeighted',
    );
  });
  it('names the option, the value and what was expected', () => {
    expect(() => create({ name: 'grpo', clipLow: -1 })).toThrow(/objective grpo: clipLow is -1: .*>=0/);
    expect(() => create({ name: 'grpo', kl: {} })).toThrow(
      /objective grpo: kl.coefficient is undefined: .*number/,
    );
    expect(() => create({ name: 'ppo-clip', dualClip: 'x' })).toThrow(
      /objective ppo-clip: dualClip is "x": .*number/,
    );
  });
});
