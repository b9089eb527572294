/** The portfolio as the authors' recipes have it: ceilings, masks and the choice by capability. */
import { describe, expect, it } from 'vitest';
import { TIERS } from '../../graders/index.ts';
import { policyFor, portfolio, tierReward } from './portfolio.ts';

const all = { basic: 1, medium: 1, high: 1, edge: 1 };
const ceilings = (name: keyof typeof portfolio) =>
  [0, 0.2, 0.4, 0.6, 1].map((u) => Number(tierReward(all, portfolio[name], u).toFixed(4)));

describe('the portfolio', () => {
  it('has ceilings that grow as tiers join, and is never divided by the active weight', () => {
    expect(ceilings('uni')).toEqual([0.25, 0.5, 0.75, 1, 1]);
    expect(ceilings('var')).toEqual([0.35, 0.7, 0.85, 1, 1]);
    expect(ceilings('var-asce-normal')).toEqual([0.15, 0.3, 0.65, 1, 1]);
    expect(ceilings('var-asce-rev')).toEqual([0.35, 0.7, 0.85, 1, 1]);
    expect(ceilings('average')).toEqual([1, 1, 1, 1, 1]);
    for (const name of ['basic-only', 'complex-only', 'edge-only'] as const)
      expect(ceilings(name)).toEqual([1, 1, 1, 1, 1]);
  });

  it('looks at the active tiers only', () => {
    const { 'var-asce-normal': normal, 'var-asce-rev': rev } = portfolio;
    expect(tierReward({ ...all, basic: 0 }, normal, 0)).toBe(0);
    expect(tierReward({ basic: 1 }, normal, 0)).toBe(0.15);
    expect(tierReward({ basic: 1, medium: 1, edge: 1 }, rev, 0)).toBe(0);
    expect(tierReward({ high: 1 }, rev, 0)).toBe(0.35);
    expect(tierReward({ medium: 0.5, high: 1 }, normal, 0.5)).toBeCloseTo(0.075 + 0.35, 12);
    // Narrow stages leave nothing behind: the last one sees every tier, again and again.
    for (const tier of TIERS) expect(tierReward({ [tier]: 1 }, normal, 0.9)).toBe(normal.weights[tier]);
  });

  it('gives weak models easy tests first', () => {
    expect(policyFor(0.1)).toBe('var-asce-normal');
    expect(policyFor(0.35)).toBe('var-asce-rev');
    expect(policyFor(0.35, 0.5)).toBe('var-asce-normal');
  });
});
