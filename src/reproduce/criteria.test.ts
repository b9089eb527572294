/** Verdicts: from the declared inequality and the interval, and from nothing else. */
import { describe, expect, it } from 'vitest';
import { rng } from '../random/index.ts';
import { judge, judgeCriterion, overall, type ResultsBySeed } from './criteria.ts';
import type { ComparisonCriterion } from './criterion.ts';
import type { ArmResult } from './declaration.ts';

const raises: ComparisonCriterion = { says: 'a > b', metric: 'm', arm: 'a', than: 'b', direction: 'higher' };

/** Arms a and b with the given figure of each seed. */
function results(a: readonly number[], b: readonly number[]): ResultsBySeed {
  const one = (m: number): ArmResult => ({ metrics: { m } });
  return new Map(a.map((value, i) => [i + 1, { a: one(value), b: one(b[i]) }]));
}

describe('judge', () => {
  const lowers = { ...raises, direction: 'lower' } as const;
  it.each([
    ['higher', 0.1, 0.2, 'holds'],
    ['higher', -0.1, 0.2, 'inconclusive'],
    ['higher', -0.2, -0.1, 'does not hold'],
    ['higher', 0, 0.1, 'inconclusive'],
    ['higher', -0.1, 0, 'does not hold'],
    ['higher', 0, 0, 'does not hold'],
    ['lower', 0.1, 0.2, 'does not hold'],
    ['lower', -0.2, 0.1, 'inconclusive'],
    ['lower', -0.2, -0.1, 'holds'],
  ] as const)('%s than 0 by [%d, %d]: %s', (direction, low, high, verdict) => {
    expect(judge(direction === 'higher' ? raises : lowers, { low, high }, 0)).toBe(verdict);
  });
});

describe('judgeCriterion', () => {
  const base = [0.5, 0.1, 0.9, 0.3, 0.7];
  const plus = (by: readonly number[]) => base.map((value, i) => value + by[i]);

  it('holds, fails and leaves open by the paired interval, whatever lies between seeds', () => {
    const gain = [0.05, 0.06, 0.04, 0.05, 0.05];
    const held = judgeCriterion(raises, results(plus(gain), base));
    expect(held).toMatchObject({ verdict: 'holds', agree: 5, favours: true, effect: 'difference' });
    expect(held.estimate).toBeCloseTo(0.05, 12);
    expect(held.left).toBeCloseTo(0.55, 12);
    expect(judgeCriterion(raises, results(base, plus(gain)))).toMatchObject({
      verdict: 'does not hold',
      agree: 0,
    });
    const mixed = judgeCriterion(raises, results(plus([0.1, -0.1, 0.05, -0.06, 0.04]), base));
    expect(mixed).toMatchObject({ verdict: 'inconclusive', agree: 3 });
    expect(mixed.low).toBeLessThan(0);
    expect(mixed.high).toBeGreaterThan(0);
  });

  it('asks for the declared margin, and allows for one below 0', () => {
    const data = results(plus([0.05, 0.06, 0.04, 0.05, 0.05]), base);
    expect(judgeCriterion({ ...raises, by: 0.03 }, data).verdict).toBe('holds');
    expect(judgeCriterion({ ...raises, by: 0.05 }, data).verdict).toBe('inconclusive');
    expect(judgeCriterion({ ...raises, by: 0.08 }, data).verdict).toBe('does not hold');
    const lower: ComparisonCriterion = { ...raises, direction: 'lower' };
    expect(judgeCriterion({ ...lower, by: -0.08 }, data)).toMatchObject({
      verdict: 'holds',
      threshold: 0.08,
    });
    expect(judgeCriterion({ ...lower, by: 0.01 }, data)).toMatchObject({
      verdict: 'does not hold',
      threshold: -0.01,
    });
  });

  it('compares by a factor, and with a constant', () => {
    const data = results(
      base.map((value) => 1.5 * value),
      base,
    );
    const ratio = judgeCriterion({ ...raises, factor: 1.2 }, data);
    expect(ratio).toMatchObject({ verdict: 'holds', effect: 'ratio', threshold: 1.2 });
    expect(ratio.estimate).toBeCloseTo(1.5, 12);
    expect(judgeCriterion({ ...raises, factor: 1.6 }, data).verdict).toBe('does not hold');
    expect(judgeCriterion({ ...raises, than: 0.01 }, data)).toMatchObject({ verdict: 'holds', right: 0.01 });
    expect(judgeCriterion({ ...raises, than: 2 }, data).verdict).toBe('does not hold');
  });

  it('pairs tasks, or seeds and tasks, by their figures', () => {
    const random = rng(1, 'criteria');
    const table = Array.from({ length: 4 }, () => Array.from({ length: 60 }, () => random.normal()));
    const of = (shift: number): ArmResult[] =>
      table.map((row) => ({
        metrics: { m: 0 },
        perTask: { m: row.map((v) => v + shift + 0.02 * random.normal()) },
      }));
    const [a, b] = [of(0.1), of(0)];
    const data: ResultsBySeed = new Map(table.map((_, i) => [i, { a: a[i], b: b[i] }]));
    expect(judgeCriterion(raises, data).verdict).toBe('does not hold');
    for (const pairing of ['tasks', 'seeds-and-tasks'] as const) {
      const found = judgeCriterion({ ...raises, pairing }, data);
      expect(found).toMatchObject({ verdict: 'holds', agree: 4 });
      expect(found.estimate).toBeCloseTo(0.1, 1);
    }
    const missing: ResultsBySeed = new Map([[1, { a: a[0], b: { metrics: { m: 0 } } }]]);
    expect(judgeCriterion({ ...raises, pairing: 'tasks' }, missing).reason).toContain(
      'by task of arm b, seed 1',
    );
    const uneven: ResultsBySeed = new Map([[1, { a: a[0], b: { metrics: {}, perTask: { m: [1] } } }]]);
    expect(judgeCriterion({ ...raises, pairing: 'tasks' }, uneven).reason).toContain('60, 1');
  });

  it('takes a figure made of several arms', () => {
    const gap = {
      says: 'a is within 0.1 of b',
      name: 'gap',
      arms: ['a', 'b'],
      value: (by: Readonly<Record<string, ArmResult>>) => Math.abs(by.a.metrics.m - by.b.metrics.m),
      than: 0.1,
      direction: 'lower',
    } as const;
    expect(judgeCriterion(gap, results(plus([0.05, 0.04, 0.05, 0.06, 0.05]), base))).toMatchObject({
      verdict: 'holds',
      effect: 'value',
      agree: 5,
    });
    expect(judgeCriterion(gap, results(plus([1, 1, 1, 1, 1]), base)).verdict).toBe('does not hold');
    const none = judgeCriterion({ ...gap, value: () => Number.NaN }, results(base, base));
    expect(none).toMatchObject({
      verdict: 'inconclusive',
      reason: 'no finite value of gap for seeds 1, 2, 3, 4, 5',
    });
  });

  it('says the direction but decides nothing on two seeds, or on missing figures', () => {
    const two = judgeCriterion(raises, results([0.9, 0.8], [0.1, 0.1]));
    expect(two).toMatchObject({ verdict: 'inconclusive', favours: true, agree: 2, low: null });
    expect(two.reason).toContain('2 seeds, expected at least 3');
    expect(judgeCriterion(raises, new Map()).reason).toBe('no seed has finished all of a, b');
    const lacking = judgeCriterion({ ...raises, metric: 'n' }, results([1, 1, 1], [0, 0, 0]));
    expect(lacking.reason).toContain('no metric n of arm a, seed 1');
  });
});

it('overall: one that fails decides, all must hold', () => {
  const all = (...verdicts: ('holds' | 'does not hold' | 'inconclusive')[]) =>
    overall(verdicts.map((verdict) => ({ verdict })));
  expect(all('holds', 'holds')).toBe('holds');
  expect(all('holds', 'inconclusive')).toBe('inconclusive');
  expect(all('inconclusive', 'does not hold')).toBe('does not hold');
  expect(all()).toBe('inconclusive');
});
